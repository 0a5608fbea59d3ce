#include "config/output_names.hpp"

#include <filesystem>
#include <string_view>

#include "core/format.hpp"

namespace zspex::config {

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return path.ends_with('/') || (!path.empty() && std::filesystem::is_directory(path, ignored));
}

bool is_one_folder(const std::vector<std::string>& paths) { return paths.size() == 1 && paths.front().ends_with('/'); }

std::string name_in_folder(const std::string& folder, const std::string& prefix, const std::string& input,
                           const std::string& suffix) {
  std::string name = std::filesystem::path(input).filename().string();
  for (const std::string_view ending : {".gz", ".fz", ".fits"})
    if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
  for (const std::string_view kind : {"coadd-", "spectra-", "preproc-"})
    if (name.size() > kind.size() && name.starts_with(kind)) name.erase(0, kind.size());
  return (std::filesystem::path(folder) / fmt::format("{}-{}{}", prefix, name, suffix)).string();
}

}  // namespace zspex::config
