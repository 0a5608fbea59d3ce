/// \file
/// A frame in a few numbers.
#pragma once

#include <cstddef>

#include "io/frame.hpp"

namespace zspex::pipeline {

/// Over some rows of a frame. A bin is good if its mask is 0, ivar > 0, and flux and ivar are finite.
struct FrameStatistics {
  std::size_t nbin = 0, ngood = 0;
  double median_flux = 0;      ///< of good bins, electron/Angstrom
  double median_snr = 0;       ///< of good bins: flux sqrt(ivar), for a bin
  double masked_fraction = 0;  ///< bins whose mask is not 0
  double empty_fraction = 0;   ///< bins with ivar = 0
  double median_chi2pix = 0;   ///< of good bins; near 1 if PSF and variances are right
  std::size_t ndead = 0;       ///< rows without a good bin
};

/// \param first, n  rows; all of the frame's must exist
FrameStatistics frame_statistics(const io::Frame& frame, std::size_t first, std::size_t n);

/// True for a good bin, see FrameStatistics.
bool is_good(const io::Frame& frame, std::size_t ispec, std::size_t iwave);

}  // namespace zspex::pipeline
