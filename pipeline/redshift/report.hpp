/// \file
/// What is told of a run beside its results: what each rank did, and what was planned.
#pragma once

#include <iosfwd>
#include <vector>

#include "io/table.hpp"
#include "pipeline/redshift/redshift.hpp"

namespace zspex::pipeline {

/// For our HDF5: table `ranks`, a row per rank; and table `strategies`, a row a strategy, if one was chosen among them.
std::vector<io::Table> run_tables(const RedshiftPlan& plan, const RedshiftReport& report);

/// Each rank's part, for the terminal.
void print_ranks(const RedshiftReport& report, std::ostream& out);

/// The memory of the plan, for the terminal.
void print_memory(const RedshiftPlan& plan, std::ostream& out);

}  // namespace zspex::pipeline
