/// \file
/// Which bits the bins of a frame get in its MASK.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/array.hpp"

namespace zspex::kernels {

/// What a bin knows by itself: SOMEBADPIX where more than half of its spot lies on masked pixels, ALLBADPIX where all
/// of it does, BADFIBER where its fiber has no trace.
/// \param masked_fraction  of the spot; exactly 1 = all
std::uint32_t bin_mask(double masked_fraction, bool untraced);

/// Sets BAD2DFIT where chi2pix is more than 5 times the median over the fibers at this wavelength and more than 5 times
/// the median over the wavelengths of this fiber. Bins without data (chi2pix 0 or ivar 0) have no part in the medians.
/// \return how many bins were flagged
std::size_t flag_bad_fits(const Array2<float>& chi2pix, const Array2<float>& ivar, Array2<std::uint32_t>& mask);

}  // namespace zspex::kernels
