/// \file
/// What is known of a terminal.
#pragma once

namespace zspex::terminal {

/// True if the environment's locale (LC_ALL, LC_CTYPE, LANG, in this order) says UTF-8.
bool locale_is_utf8();

/// Columns of the terminal behind this file descriptor (1 = standard output); `otherwise` if it is none.
int terminal_width(int descriptor, int otherwise = 80);

/// True if this file descriptor is a terminal on which a line can be rewritten (TERM is not "dumb").
bool is_terminal(int descriptor);

}  // namespace zspex::terminal
