#include "pipeline/resume.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <sstream>

#include "config/describe.hpp"
#include "core/format.hpp"
#include "io/output.hpp"
#include "io/results.hpp"

namespace zspex::pipeline {
namespace {

/// The first file by which two lists of sources differ; empty if none does.
std::string changed_source(const std::string& then, const std::string& now) {
  std::istringstream before(then), after(now);
  for (std::string was, is;;) {
    const bool more = static_cast<bool>(std::getline(before, was)),
               another = static_cast<bool>(std::getline(after, is));
    if (!more && !another) return "";
    if (!more || !another || was != is)
      return fmt::format("it was made from {}, now there is {}", more ? was : "fewer files",
                         another ? is : "no such file");
  }
}

std::string reason_to_redo(const std::string& path, const Provenance& now, std::string_view job) {
  if (!std::filesystem::exists(path)) return "missing";
  Provenance then;
  try {
    then = io::read_whole(path);
  } catch (const std::exception& error) {
    return std::string("not whole (") + error.what() + ")";
  }
  if (then.version != now.version || then.revision != now.revision)
    return fmt::format("it was made by zspex {} ({}), this is {} ({})", then.version, then.revision, now.version,
                       now.revision);
  if (const std::string key = config::changed_outcome(then.config, now.config, job); !key.empty()) return key;
  return changed_source(then.sources, now.sources);
}

}  // namespace

std::string describe_sources(const std::vector<std::string>& paths) {
  std::string lines;
  for (const std::string& path : paths) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) continue;  // who reads it tells
    tm utc{};
    gmtime_r(&status.st_mtim.tv_sec, &utc);
    std::array<char, 24> day{};
    (void)std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    lines += fmt::format("{} ({} bytes, of {}.{:09}Z)\n", std::filesystem::path(path).filename().string(),
                         status.st_size, day.data(), status.st_mtim.tv_nsec);
  }
  return lines;
}

std::vector<std::string> reasons_to_redo(const std::vector<std::string>& outputs, const Provenance& now,
                                         std::string_view job) {
  std::vector<std::string> reasons;
  for (const std::string& path : outputs)
    if (const std::string reason = reason_to_redo(path, now, job); !reason.empty())
      reasons.push_back(path + " is made again: " + reason);
  if (!reasons.empty() && reasons.size() < outputs.size())
    reasons.push_back("its other outputs are made again with it");
  return reasons;
}

void refuse_to_replace_inputs(const std::vector<std::string>& outputs) {
  using Kind = io::FileKind;
  constexpr std::array inputs = {Kind::preproc, Kind::psf, Kind::coadd, Kind::spectra, Kind::cframe, Kind::sdss};
  for (const std::string& path : outputs) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) continue;
    Kind kind = Kind::other_fits;
    try {
      kind = io::read_summary(path).kind;
    } catch (const FileError&) {  // whatever it is, it can't be read
    }
    if (std::find(inputs.begin(), inputs.end(), kind) != inputs.end())
      throw FileError(
          path, "",
          fmt::format("expected no file, or a result that may be made again, found another kind of file: {}. It "
                      "stays as it is; choose another output, or remove it.",
                      io::to_string(kind)),
          ExitCode::output);
  }
}

void clear_leftovers_of(const std::vector<std::string>& outputs, std::vector<std::string>& notes) {
  for (const std::string& path : outputs)
    for (std::string& said : io::clear_leftovers(path)) notes.push_back(std::move(said));
}

}  // namespace zspex::pipeline
