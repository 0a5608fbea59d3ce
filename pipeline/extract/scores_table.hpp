/// \file
/// SCORES: the table of a frame's quality figures.
#pragma once

#include <optional>
#include <vector>

#include "io/table.hpp"
#include "kernels/extract/scores.hpp"

namespace zspex::pipeline {

/// The table; nothing when the grid has no bin in its band's range.
std::optional<io::Table> scores_table(const std::vector<kernels::FiberScores>& scores,
                                      const kernels::ScoreRange& range);

}  // namespace zspex::pipeline
