/// \file
/// SCORES: quality figures of each fiber, as desispec computes them for a frame that is not yet calibrated.
#pragma once

#include <span>
#include <vector>

namespace zspex::kernels {

/// Over the bins of a ScoreRange; 0 where it has none.
struct FiberScores {
  double sum = 0;     ///< SUM_RAW_COUNT_<band>: sum of flux
  double median = 0;  ///< MEDIAN_RAW_COUNT_<band>: median of flux / width
  double snr = 0;     ///< MEDIAN_RAW_SNR_<band>: median of sqrt(ivar) flux / sqrt(width)
};

/// The part of the spectrum that is scored: a fixed range of each band.
struct ScoreRange {
  char band = 'R';                  ///< B, R or Z
  double wavemin = 0, wavemax = 0;  ///< Angstrom, half open
  std::size_t first = 0, n = 0;     ///< bins of the grid in it; n = 0: none
};

/// The band by the mean wavelength: B up to 5800, Z from 7600 Angstrom on, else R; ranges 4000-5800, 5800-7600,
/// 7600-9800.
/// \param wave  [nwave] Angstrom, increasing, not empty
ScoreRange score_range(const std::vector<double>& wave);

/// Scores of one fiber. The reference (desispec.specscore) takes the flux for counts per bin although it is per
/// Angstrom; so do we, or the numbers could not be compared with other DESI frames.
/// \param flux, ivar  [nwave] per Angstrom
/// \param width       [nwave] Angstrom
FiberScores score_fiber(std::span<const double> flux, std::span<const double> ivar, const std::vector<double>& width,
                        const ScoreRange& range);

}  // namespace zspex::kernels
