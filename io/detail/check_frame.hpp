/// \file
/// Whether the parts of a frame belong together, for its readers and writers.
#pragma once

#include <string>

#include "core/error.hpp"
#include "io/frame.hpp"

namespace zspex::io::detail {

/// Checks that all parts of a frame have the same spectra and wavelengths, and that wavelengths increase.
/// \throws FileError with this code, naming the part
void check_frame(const std::string& path, const Frame& frame, ExitCode code);

}  // namespace zspex::io::detail
