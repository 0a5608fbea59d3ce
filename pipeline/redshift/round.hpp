/// \file
/// Rounds: each takes some targets, as many as there is memory for, from their spectra to ranked fits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/redshifts.hpp"
#include "io/template.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/deal_again.hpp"
#include "pipeline/redshift/node_inputs.hpp"
#include "pipeline/redshift/plan.hpp"
#include "pipeline/redshift/report.hpp"
#include "pipeline/redshift/results.hpp"
#include "pipeline/redshift/scan_store.hpp"
#include "pipeline/redshift/scanner.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

/// Steps of the stage's timing.
enum RedshiftStep : std::size_t {
  start_step,      ///< of the program, up to the stage: loading it, MPI, Kokkos
  plan_step,       ///< tables and templates
  calibrate_step,  ///< where rates are measured
  read_step,
  rebin_step,
  scan_step,
  wait_step,
  deal_step,  ///< anew, before the refinement
  refine_step,
  gather_step,
  write_step,
  whole_step  ///< of the run, from its plan on
};

/// A template's refinement counts as so many redshifts of its scan in the progress: three minima of 15 points.
inline constexpr std::size_t refinement_redshifts = 45;

class RoundRunner {
 public:
  /// Counts redshifts as they are done.
  using Done = std::function<void(std::size_t nz)>;

  /// Makes what all rounds share: communicators, the scanner with its memory, memory for results. Collective.
  RoundRunner(const comm::Communicator& world, const config::RedshiftConfig& config, const RedshiftPlan& plan,
              const RedshiftOptions& options);

  /// Everything for the targets [first, first + n) of the list, up to their ranked fits on the root. Collective.
  void round(std::size_t first, std::size_t n, const Done& done);

  /// What all ranks did. Collective.
  std::vector<RankReport> reports();

  StepTimes& times() { return times_; }
  /// Ranked, on the root.
  std::vector<std::vector<Zfit>>& fits() { return all_.fits; }
  std::vector<io::ModelSpectra>& models() { return models_; }
  std::optional<io::DetailsWriter>& details() { return details_; }

 private:
  const Role& role() const { return plan_.roles.ranks[static_cast<std::size_t>(world_.rank())]; }
  bool is_dynamic() const { return plan_.strategy->dealing == Dealing::dynamic; }
  ScanSetup setup();
  /// The name of a step for Kokkos Tools.
  std::string region(const char* step) const;
  /// Does it, and counts the rank's seconds at work and not.
  void count_work(const std::function<void()>& work);
  /// \return [nteam] targets of each
  std::vector<std::vector<int>> deal(std::size_t first, std::size_t n) const;
  /// Room for targets of this rank's team; and targets with their spectra read.
  TargetStore room_for_spectra(std::span<const int> ours);
  ScanStore room_for_scans(std::span<const int> ours);
  RankTargets read(std::size_t first, std::size_t n, std::vector<int> ours);
  /// Where the strategy wants that before the refinement.
  void deal_evenly(std::size_t first, std::size_t n, std::span<const std::vector<int>> before, RankTargets& held);
  void scan(ScanStore& store, std::span<const int> ours, const Done& done);
  void rank(std::size_t first, std::size_t n);

  const comm::Communicator& world_;
  const config::RedshiftConfig& config_;
  const RedshiftPlan& plan_;
  kernels::RedshiftFitter& fitter_;
  comm::Communicator node_, team_;
  Throttle throttle_;
  StepTimes times_;
  std::optional<io::Priors> priors_;
  NodeInputs inputs_;
  std::optional<io::DetailsWriter> details_;
  std::unique_ptr<Scanner> scanner_;  ///< none with --chi2-scan
  ScanTimes counted_;                 ///< of the scanner's times
  AllFits all_;
  std::vector<io::ModelSpectra> models_;  ///< [nband] or none
  RankReport report_;
};

}  // namespace zspex::pipeline
