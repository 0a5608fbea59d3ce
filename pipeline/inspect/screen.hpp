/// \file
/// What `zspex inspect` may use of a terminal.
#pragma once

#include "pipeline/terminal/terminal.hpp"

namespace zspex::pipeline {

/// What can be shown.
struct Screen {
  int width = 80;       ///< columns
  bool unicode = true;  ///< else plain ASCII
};

/// Of standard output: its width, and whether the locale is UTF-8.
inline Screen screen_of_output() { return {terminal::terminal_width(1), terminal::locale_is_utf8()}; }

}  // namespace zspex::pipeline
