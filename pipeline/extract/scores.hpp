/// \file
/// SCORES: quality figures of each fiber, as desispec computes them for a raw frame.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/table.hpp"
#include "pipeline/extract/unit_spectra.hpp"

namespace zspex::pipeline {

/// The part of the spectrum that is scored: a fixed range of each band.
struct ScoreRange {
  char band = 'R';                  ///< B, R or Z
  double wavemin = 0, wavemax = 0;  ///< Angstrom, half open
  std::size_t first = 0, n = 0;     ///< bins of the grid in it; n = 0: none
};

/// The band by the mean wavelength: B up to 5800, Z from 7600 Angstrom on, else R; ranges 4000-5800, 5800-7600,
/// 7600-9800.
ScoreRange score_range(const std::vector<double>& wave);

/// Scores of one fiber. The reference takes the flux for counts per bin although it is per Angstrom
/// (extraction.md 5.3); so do we, or the numbers could not be compared with other DESI frames. \param flux, ivar
/// [nwave] per Angstrom \param width       [nwave] Angstrom
FiberScores score_fiber(std::span<const double> flux, std::span<const double> ivar, const std::vector<double>& width,
                        const ScoreRange& range);

/// Median as numpy has it: the mean of the two middle ones of an even number. 0 of nothing. Reorders its argument.
double median(std::vector<double>& values);

/// The table; nothing when the grid has no bin in its band's range.
std::optional<io::Table> scores_table(const std::vector<FiberScores>& scores, const ScoreRange& range);

}  // namespace zspex::pipeline
