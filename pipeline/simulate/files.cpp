#include "pipeline/simulate/files.hpp"

#include <unistd.h>

#include <fstream>

#include "config/base/error.hpp"

namespace zspex::pipeline::simulate {

namespace fs = std::filesystem;

fs::path aside_of(const fs::path& path) {
  return path.parent_path() / ("." + path.filename().string() + "." + std::to_string(getpid()) + ".0.tmp");
}

void write_text(const std::string& path, const std::string& text) {
  const fs::path aside = aside_of(path);
  std::ofstream file(aside);
  file << text;
  file.close();
  std::error_code error;
  if (file) fs::rename(aside, path, error);
  if (!file || error) {
    fs::remove(aside, error);
    throw FileError(path, "",
                    "expected to write " + std::to_string(text.size()) + " bytes, could not. Is the disk full?",
                    ExitCode::output);
  }
}

std::string quoted(const std::string& path) {
  std::string out = "\"";
  for (char c : path) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace zspex::pipeline::simulate
