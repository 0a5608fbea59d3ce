/// \file
/// Tables as text that spreadsheets read (RFC 4180).
#pragma once

#include <string>

namespace zspex {

/// In quotes where a comma, a quote or a line's end would be taken for more than text.
inline std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

}  // namespace zspex
