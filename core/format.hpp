/// \file
/// Text: fmt::format, and numbers as people read them.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zspex {

/// "850 ms", "4.2 s", "3 min 05 s", "2 h 07 min". Negative or not finite: "?".
std::string format_duration(double seconds);

inline constexpr double mebibyte = 1 << 20, gibibyte = 1 << 30;

/// "512 B", "3.4 MiB": powers of 1024.
std::string format_bytes(std::uint64_t bytes);

/// "1 rank", "4 ranks".
std::string counted(std::size_t n, std::string_view what);

/// Columns that UTF-8 text takes on a terminal: code points. Ours has no wide or combining ones.
std::size_t display_width(std::string_view utf8);

/// `text` filled with spaces up to `width` columns; a negative width fills on the left.
std::string padded(std::string_view text, int width);

}  // namespace zspex
