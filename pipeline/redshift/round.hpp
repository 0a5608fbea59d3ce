/// \file
/// Rounds: each takes some targets, as many as there is memory for, from their spectra to ranked fits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/redshifts.hpp"
#include "io/template.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/plan.hpp"
#include "pipeline/redshift/report.hpp"
#include "pipeline/redshift/results.hpp"
#include "pipeline/redshift/scan_store.hpp"
#include "pipeline/redshift/scanner.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

/// Steps of the stage's timing.
enum RedshiftStep : std::size_t { read_step, rebin_step, scan_step, wait_step, refine_step, gather_step, write_step };

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
  /// Does it, and counts the rank's seconds at work and not.
  void count_work(const std::function<void()>& work);
  /// Targets of this rank's team.
  std::vector<int> deal(std::size_t first, std::size_t n);
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
  std::optional<io::DetailsWriter> details_;
  std::unique_ptr<Scanner> scanner_;  ///< none with --chi2-scan
  ScanTimes counted_;                 ///< of the scanner's times
  AllFits all_;
  std::vector<io::ModelSpectra> models_;  ///< [nband] or none
  RankReport report_;
};

}  // namespace zspex::pipeline
