#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "io/template.hpp"

namespace zspex::io {
namespace {

namespace fs = std::filesystem;

bool is_fits(const std::string& name) {
  return name.ends_with(".fits") || name.ends_with(".fits.gz") || name.ends_with(".fits.fz");
}

std::vector<std::string> matching_files(const fs::path& folder, const std::string& prefix) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && is_fits(name)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  if (files.empty())
    throw FileError(folder.string(), "", "expected files " + prefix + "*.fits, found none. Give another folder.");
  return files;
}

/// Names in a text file, one per line, relative to it.
std::vector<std::string> read_list(const fs::path& path) {
  std::ifstream in(path);
  if (!in) throw FileError(path.string(), "", "expected a list of templates, found that it can't be read.");
  std::vector<std::string> files;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // the byte order mark of editors on Windows
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    const auto end = line.find_first_of(" \t\r", begin);
    const std::string name = line.substr(begin, end == std::string::npos ? end : end - begin);
    if (name.size() < 2) continue;
    const fs::path file = path.parent_path() / name;  // an absolute name stays as it is
    if (!fs::exists(file))
      throw FileError(path.string(), "",
                      "expected the template " + file.string() + ", found no such file. Correct the list.");
    files.push_back(file.string());
  }
  if (files.empty()) throw FileError(path.string(), "", "expected names of templates, one per line, found none.");
  return files;
}

}  // namespace

std::vector<std::string> find_templates(const std::vector<std::string>& given) {
  const char* variable = std::getenv("RR_TEMPLATE_DIR");
  const fs::path home = variable ? variable : "";
  const auto found = [&](const std::string& name) -> fs::path {
    if (fs::exists(name)) return name;
    if (!home.empty() && fs::exists(home / name)) return home / name;
    throw FileError(name, "",
                    "expected a template, a list or a folder of templates, found no such file" +
                        (home.empty() ? std::string(" (and no $RR_TEMPLATE_DIR)") : ", nor one in " + home.string()) +
                        ". Correct -t.");
  };
  if (given.size() > 1) {
    std::vector<std::string> files;
    for (const auto& name : given) files.push_back(found(name).string());
    return files;
  }
  if (given.empty() && home.empty())
    throw ConfigError("configuration", "redshift.templates",
                      "expected templates, found none. Give -t FILES, -t FOLDER, or set RR_TEMPLATE_DIR.");
  const fs::path path = given.empty() ? home : found(given.front());
  if (fs::is_directory(path))
    return fs::exists(path / "templates-default.txt") ? read_list(path / "templates-default.txt")
                                                      : matching_files(path, "rrtemplate-");
  if (path.extension() == ".txt") return read_list(path);
  return {path.string()};
}

std::vector<std::string> find_archetypes(const std::vector<std::string>& given) {
  if (given.size() == 1 && fs::is_directory(given.front())) return matching_files(given.front(), "rrarchetype-");
  return given;
}

}  // namespace zspex::io
