/// \file
/// Spectroperfectionism in plain loops with dense matrices, from Bolton & Schlegel 2010 and the definitions of patches,
/// windows and regularization: what the kernels are compared with. Everything is in fiber-major order, k = ispec *
/// nwave + iwave.
#pragma once

#include "kernels/extract/extract.hpp"
#include "tests/kernels/support/dense.hpp"

namespace zspex::test {

struct PlainSpectra {
  Array2<double> flux, ivar, chi2pix, pixmask_fraction;  ///< [nspec][nwave], as kernels::ExtractedBlock
  Array3<double> resolution;                             ///< [nspec][2 hsizey + 1][nwave]
  Array2<double> model;                                  ///< [ny][nx]
};

/// All fibers of `settings`, patch by patch. A patch whose matrix is not definite gives NaN.
PlainSpectra extract_plainly(const Psf& psf, const kernels::ExtractSettings& settings, const kernels::Image& image);

}  // namespace zspex::test
