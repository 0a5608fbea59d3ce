#include "pipeline/extract/scores_table.hpp"

#include <string>
#include <utility>

#include "core/format.hpp"

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

std::optional<io::Table> scores_table(const std::vector<kernels::FiberScores>& scores,
                                      const kernels::ScoreRange& range) {
  if (range.n == 0) return std::nullopt;
  std::vector<double> sum, median_count, median_snr;
  for (const kernels::FiberScores& fiber : scores) {
    sum.push_back(fiber.sum);
    median_count.push_back(fiber.median);
    median_snr.push_back(fiber.snr);
  }
  const std::string where =
      fmt::format(" in wave. range {},{}A", static_cast<int>(range.wavemin), static_cast<int>(range.wavemax));
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
