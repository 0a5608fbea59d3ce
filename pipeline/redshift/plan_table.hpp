/// \file
/// Plans as a table for other programs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/machine_config.hpp"
#include "pipeline/redshift/choose.hpp"

namespace zspex::pipeline {

/// What a strategy would take on a machine.
struct TablePlan {
  config::MachineConfig machine;
  std::size_t ntarget;
  StrategyPlan plan;
};

/// Writes a CSV file, a row for each; docs/performance_model.md tells its columns. Makes its folder. \throws FileError
void write_plan_table(const std::string& path, const std::vector<TablePlan>& plans);

}  // namespace zspex::pipeline
