/// \file
/// Which file a path means: links followed, also those to files that are not there yet.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace zspex {

/// The absolute path without links of what `path` is, or would be if it were made. Never throws: what can't be looked at
/// keeps its name.
inline std::string real_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path whole = fs::absolute(path, error);
  if (error) return path;
  // weakly_canonical() takes a link to nothing for a name that is free.
  constexpr int most_links = 40;  // as Linux
  for (int i = 0; i < most_links; ++i) {
    const fs::path known = fs::weakly_canonical(whole.parent_path(), error);
    whole = (error ? whole.parent_path() : known) / whole.filename();
    if (!fs::is_symlink(whole, error)) break;
    const fs::path target = fs::read_symlink(whole, error);
    if (error) break;
    whole = whole.parent_path() / target;  // an absolute target stands alone
  }
  return whole.lexically_normal().string();
}

/// Equal for all names of one file, hard links too; differs for files that differ.
inline std::string file_identity(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  return real_path(path);
}

}  // namespace zspex
