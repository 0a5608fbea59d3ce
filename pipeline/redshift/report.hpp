/// \file
/// What is told of a run beside its results: what each rank did, and what was planned.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <vector>

#include "core/timing.hpp"
#include "io/table.hpp"
#include "pipeline/redshift/plan.hpp"

namespace zspex::pipeline {

/// What one rank did. Plain numbers: travels as it is.
struct RankReport {
  Role role;
  std::int64_t ntarget =
      0;  ///< that were dealt to it; where targets are dealt dynamically, its part of the fits times all targets
  double nfit = 0;                         ///< targets times redshifts that it fitted in scans
  double busy = 0, idle = 0;               ///< seconds of rebinning, scans and refinement, at work and not
  double rebin = 0, scan = 0, refine = 0;  ///< seconds at work in each of them
  double planned = 0, peak = 0;            ///< bytes
};

struct RedshiftReport {
  ExitCode code = ExitCode::success;
  bool executed = false;                              ///< not with --dry-run, nor where --resume keeps all outputs
  std::size_t ntarget = 0, nwarned = 0, nnodata = 0;  ///< on the root: all, with ZWARN, without data
  std::vector<Timing> timing;
  std::vector<RankReport> ranks;  ///< [nrank]
  double seconds = 0;

  /// What plans predict: seconds of the rank that took longest.
  double scan_and_refine() const;
};

/// For our HDF5: table `ranks`, a row per rank; and table `strategies`, a row per strategy, if one was chosen among them.
std::vector<io::Table> run_tables(const RedshiftPlan& plan, const RedshiftReport& report);

/// Counts and times for the terminal; with each rank's part, and what was predicted, if `by_rank`.
void print_report(const RedshiftPlan& plan, const RedshiftReport& report, bool by_rank, std::ostream& out);

}  // namespace zspex::pipeline
