#include "config/redshift_files.hpp"

#include <filesystem>
#include <string_view>

#include "core/format.hpp"

namespace zspex::config {

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return path.ends_with('/') || (!path.empty() && std::filesystem::is_directory(path, ignored));
}

std::string name_in_folder(const std::string& folder, const std::string& prefix, const std::string& input,
                           const std::string& suffix) {
  std::string name = std::filesystem::path(input).filename().string();
  for (const std::string_view ending : {".gz", ".fz", ".fits"})
    if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
  for (const std::string_view kind : {"coadd-", "spectra-"})
    if (name.size() > kind.size() && name.starts_with(kind)) name.erase(0, kind.size());
  return (std::filesystem::path(folder) / fmt::format("{}-{}{}", prefix, name, suffix)).string();
}

std::vector<RedshiftConfig> runs_of(const RedshiftConfig& config) {
  if (!is_folder(config.output) && !is_folder(config.details) && !is_folder(config.model)) return {config};
  std::vector<RedshiftConfig> runs;
  for (const std::string& input : config.input) {
    RedshiftConfig& run = runs.emplace_back(config);
    run.input = {input};
    if (!run.output.empty()) run.output = name_in_folder(config.output, "redrock", input, ".fits");
    if (!run.details.empty()) run.details = name_in_folder(config.details, "rrdetails", input, ".h5");
    if (!run.model.empty()) run.model = name_in_folder(config.model, "rrmodel", input, ".fits");
  }
  return runs;
}

}  // namespace zspex::config
