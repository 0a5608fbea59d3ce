/// \file
/// Another folder for what zspex measure keeps, as long as a test runs.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace zspex::pipeline {

class CacheFolder {
 public:
  explicit CacheFolder(const std::string& path) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, path.c_str(), 1);
  }
  ~CacheFolder() {
    if (before_)
      setenv(name, before_->c_str(), 1);
    else
      unsetenv(name);
  }
  CacheFolder(const CacheFolder&) = delete;
  CacheFolder& operator=(const CacheFolder&) = delete;

 private:
  static constexpr const char* name = "XDG_CACHE_HOME";
  std::optional<std::string> before_;
};

}  // namespace zspex::pipeline
