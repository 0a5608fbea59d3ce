/// \file
/// SCORES: quality figures of each fiber, as desispec computes them for a raw frame.
#pragma once

#include <span>
#include <vector>

namespace zspex::kernels {

/// Quality figures of a fiber, as desispec's SCORES has them.
struct FiberScores {
  double sum = 0;     ///< SUM_RAW_COUNT: sum of flux
  double median = 0;  ///< MEDIAN_RAW_COUNT: median of flux / dwave
  double snr = 0;     ///< MEDIAN_RAW_SNR: median of sqrt(ivar) flux / sqrt(dwave)
};

/// The part of the spectrum that is scored: a fixed range of each band.
struct ScoreRange {
  char band = 'R';                  ///< B, R or Z
  double wavemin = 0, wavemax = 0;  ///< Angstrom, half open
  std::size_t first = 0, n = 0;     ///< bins of the grid in it; n = 0: none
};

/// The band by the mean wavelength: B up to 5800, Z from 7600 Angstrom on, else R; ranges 4000-5800, 5800-7600,
/// 7600-9800.
ScoreRange score_range(const std::vector<double>& wave);

/// Scores of one fiber. The reference (desispec.specscore) takes the flux for counts per bin although it is per Angstrom;
/// so do we, or the numbers could not be compared with other DESI frames.
/// \param flux, ivar  [nwave] per Angstrom
/// \param width       [nwave] Angstrom
FiberScores score_fiber(std::span<const double> flux, std::span<const double> ivar, const std::vector<double>& width,
                        const ScoreRange& range);

}  // namespace zspex::kernels
