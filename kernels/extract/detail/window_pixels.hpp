/// \file
/// The pixels of a block, as the kernels take them. Host code.
#pragma once

#include "kernels/extract/detail/patches.hpp"

namespace zspex::kernels::detail {

/// Pixels of the window in double. What is masked, off the CCD or not a number gets ivar = 0 and value 0: it has no say
/// at all.
///   pixels, ivar  [window.ny][window.stride] electrons, electrons^-2; zero behind the window
void load_pixels(const Image& image, const PixelWindow& window, double* pixels, double* ivar);

}  // namespace zspex::kernels::detail
