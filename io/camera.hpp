/// \file
/// Which camera a file is of.
#pragma once

#include <string>

#include "io/header.hpp"

namespace zspex::io {

/// CAMERA of a header in lower case, for example "r0". specex writes it with quotes inside the quotes; both are
/// removed. Empty if absent.
std::string camera_of(const Header& header);

}  // namespace zspex::io
