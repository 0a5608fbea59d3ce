/// \file
/// Where the light falls: padded wavelengths, traces and the corners of spots. Host code; every integer decision of the
/// extraction is made here, with the same double expressions as the reference, so that the device can't decide
/// otherwise.
#pragma once

#include <vector>

#include "core/array.hpp"
#include "kernels/extract/extract.hpp"

namespace zspex::kernels {

/// `wave` with `below` bins before and `above` bins after it, as gpu_specter 0.3 pads it.
std::vector<double> pad_wave(const std::vector<double>& wave, double dwave, int below, int above);

/// The bundle of a fiber, as far as the PSF has fibers.
FiberBlock bundle_of(const Psf& psf, int bundlesize, int ispec);

/// Lower left pixel of a spot.
struct Corner {
  int x, y;
};

/// Traces of the fibers [ispec, ispec + nspec) at `wave`, and the corners of their spots.
struct Traces {
  int ispec = 0, nspec = 0;
  std::vector<double> wave;
  Array2<double> x, y;    ///< [nspec][nwave] centroids, pixels; NaN = dark: no spot is made
  Array2<Corner> corner;  ///< [nspec][nwave]; rows never fall with wavelength
};

/// corner = floor(centroid - half + 1/2), of type GAUSS-HERMITE2 trunc(centroid - half), as specter has it. From the
/// middle of the range outwards, a fiber is dark from the first bin on where its trace runs far away, or its rows fall
/// with wavelength, as extrapolated series may: such bins have no light, and their corner is the last good one, so that
/// one bad fiber costs no other. A fiber that is dark everywhere has the corners of the nearest one that is not, in its
/// bundle.
/// \param bundlesize  fibers of a bundle; 0: all of [ispec, ispec + nspec)
/// \throws NumericsError when all fibers of a bundle are dark in the middle of the range
Traces trace_fibers(const Psf& psf, int ispec, int nspec, const std::vector<double>& wave, int bundlesize = 0);

}  // namespace zspex::kernels
