#include "pipeline/extract/scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace zspex::pipeline {
namespace {

io::Column score_column(std::string name, std::string description, std::vector<double> values) {
  io::Column column;
  column.name = std::move(name);
  column.code = 'D';
  column.description = std::move(description);
  column.values = std::move(values);
  return column;
}

}  // namespace

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

double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*std::max_element(values.begin(), middle) + *middle);
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

std::optional<io::Table> scores_table(const std::vector<FiberScores>& scores, const ScoreRange& range) {
  if (range.n == 0) return std::nullopt;
  std::vector<double> sum, median_count, median_snr;
  for (const FiberScores& fiber : scores) {
    sum.push_back(fiber.sum);
    median_count.push_back(fiber.median);
    median_snr.push_back(fiber.snr);
  }
  const std::string where = " in wave. range " + std::to_string(static_cast<int>(range.wavemin)) + "," +
                            std::to_string(static_cast<int>(range.wavemax)) + "A";
  io::Table table;
  table.name = "SCORES";
  table.nrow = scores.size();
  table.columns.push_back(
      score_column(std::string("SUM_RAW_COUNT_") + range.band, "sum counts" + where, std::move(sum)));
  table.columns.push_back(
      score_column(std::string("MEDIAN_RAW_COUNT_") + range.band, "median counts/A" + where, std::move(median_count)));
  table.columns.push_back(
      score_column(std::string("MEDIAN_RAW_SNR_") + range.band, "median SNR/sqrt(A)" + where, std::move(median_snr)));
  return table;
}

}  // namespace zspex::pipeline
