#include "kernels/extract/scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/median.hpp"

namespace zspex::kernels {
ScoreRange score_range(const std::vector<double>& wave) {
  const double mean = std::accumulate(wave.begin(), wave.end(), 0.0) / static_cast<double>(wave.size());
  ScoreRange range{'R', 5800, 7600, 0, 0};
  if (mean <= 5800) range = {'B', 4000, 5800, 0, 0};
  if (mean >= 7600) range = {'Z', 7600, 9800, 0, 0};
  const auto first = std::lower_bound(wave.begin(), wave.end(), range.wavemin);
  const auto last = std::lower_bound(first, wave.end(), range.wavemax);
  range.first = static_cast<std::size_t>(first - wave.begin());
  range.n = static_cast<std::size_t>(last - first);
  return range;
}

FiberScores score_fiber(std::span<const double> flux, std::span<const double> ivar, const std::vector<double>& width,
                        const ScoreRange& range) {
  FiberScores scores;
  std::vector<double> density, snr;
  for (std::size_t i = range.first; i < range.first + range.n; ++i) {
    scores.sum += flux[i];
    density.push_back(flux[i] / width[i]);
    snr.push_back(std::sqrt(std::max(ivar[i], 0.0)) * flux[i] / std::sqrt(width[i]));
  }
  scores.median = median(density);
  scores.snr = median(snr);
  return scores;
}

}  // namespace zspex::kernels
