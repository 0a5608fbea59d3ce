/// \file
/// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace zspex::terminal {

/// "850 ms", "4.2 s", "3 min 05 s", "2 h 07 min". Negative or not finite: "?".
std::string format_duration(double seconds);

/// "512 B", "3.4 MB": powers of 1000, as file managers count.
std::string format_bytes(std::uint64_t bytes);

/// Columns that UTF-8 text takes on a terminal: code points. Ours has no wide or combining ones.
std::size_t display_width(std::string_view utf8);

/// `text` filled with spaces up to `width` columns; a negative width fills on the left.
std::string padded(std::string_view text, int width);

/// True if the environment's locale (LC_ALL, LC_CTYPE, LANG, in this order) says UTF-8.
bool locale_is_utf8();

/// Columns of the terminal behind this file descriptor (1 = standard output); `otherwise` if it is none.
int terminal_width(int descriptor, int otherwise = 80);

/// True if this file descriptor is a terminal on which a line can be rewritten (TERM is not "dumb").
bool is_terminal(int descriptor);

}  // namespace zspex::terminal
