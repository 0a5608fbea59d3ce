/// \file
/// The schema as a page of the manual.
#pragma once

#include <string>
#include <string_view>

namespace zspex::config {

/// zspex(1), in the macros of man(7). `zspex help man` prints it.
std::string man_page(std::string_view version);

}  // namespace zspex::config
