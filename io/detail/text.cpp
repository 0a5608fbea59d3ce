#include "io/detail/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace zspex::io::detail {

std::string quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  // The fixed format wants eight characters at least (FITS standard 4.2.1.1, for XTENSION; astropy and CFITSIO do it
  // always).
  while (out.size() < 9) out += ' ';
  return out + "'";
}

std::optional<std::string> unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '\'' || value.back() != '\'') return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    out += value[i];
    if (value[i] == '\'' && i + 2 < value.size() && value[i + 1] == '\'') ++i;
  }
  return std::string(trim_right(out));
}

std::string format_number(double value) {
  if (!std::isfinite(value)) return "";
  std::array<char, 32> buffer;
  const auto [end, status] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string out = upper(std::string_view(buffer.data(), static_cast<std::size_t>(end - buffer.data())));
  if (out.find_first_of(".E") == std::string::npos) out += ".0";
  return out;
}

std::string show_number(double value) { return std::isfinite(value) ? format_number(value) : std::to_string(value); }

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string_view::npos ? std::string_view{} : trim_right(text.substr(begin));
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim_right(std::string_view text) {
  const auto end = text.find_last_not_of(' ');
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

}  // namespace zspex::io::detail
