#include "config/text_file.hpp"

#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {

std::string read_text_file(const std::string& path, const std::string& what, std::size_t largest) {
  const auto refuse = [&](const std::string& found) {
    throw ConfigError(path, "", fmt::format("expected {}, found {}", what, found));
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) refuse("a folder; name the file in it");
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored))
    refuse("a pipe or a device, which can be read only once; write it to a file first");
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse("none that can be read; check name and permissions");
  std::string text;
  for (char block[4096]; text.size() <= largest && (file.read(block, sizeof block), file.gcount() > 0);)
    text.append(block, static_cast<std::size_t>(file.gcount()));
  if (file.bad()) refuse("one that can't be read to its end");
  if (text.size() > largest || text.find('\0') != std::string::npos)
    refuse(fmt::format("something else than text (zero bytes, or more than {} MiB); check the name", largest >> 20));
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // of editors on Windows
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  return text;
}

}  // namespace zspex::config
