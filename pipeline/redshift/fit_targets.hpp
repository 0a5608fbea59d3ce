/// \file
/// Scan, refinement and ranking of a rank's targets, template by template.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/redshifts.hpp"
#include "io/template.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/ring.hpp"
#include "pipeline/redshift/targets.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

/// Steps of the stage's timing.
enum RedshiftStep : std::size_t { kReadSpectra, kRebin, kScan, kWaitForSlice, kRefine, kGatherFits, kWriteResults };
StepTimes redshift_times();

/// Targets that a rank scans at a time, so that their scans fit half of the memory that the configuration allows; the
/// other half is for slices of templates. At least one.
std::size_t batch_size(const config::RedshiftConfig& config, const std::vector<kernels::Template>& templates);

class TargetFitter {
 public:
  /// \param mine    the targets of this rank, as indices into the list
  /// \param nbatch  batches of the rank with the most targets
  TargetFitter(const comm::Communicator& world, const config::RedshiftConfig& config, const TargetList& targets,
               const std::vector<int>& mine, std::size_t nbatch, const kernels::RedshiftFitter& fitter,
               std::optional<io::Priors> priors, StepTimes& times);

  /// Scans (or reads the scan of) one template and refines its minima, batch by batch. Collective.
  /// \param details  on the root only, if wanted
  /// \param done     called with numbers of redshifts as they are done, nbatch times all of them
  void fit(int itemplate, io::DetailsWriter* details, const std::function<void(int nz)>& done);

  /// Ranked fits of this rank's targets.
  std::vector<std::vector<kernels::Zfit>> rank();

 private:
  kernels::Zscan make_scan(int itemplate, std::size_t ibatch, const std::function<void(int nz)>& done);
  kernels::Zscan read_scan(int itemplate, std::size_t ibatch) const;
  /// Targets of a batch, as indices into the list.
  std::span<const int> targets_of(std::size_t ibatch) const;
  void apply_priors(int itemplate, std::size_t ibatch, Array2<double>& chi2) const;
  void gather_scan(int itemplate, std::size_t ibatch, const kernels::Zscan& scan, io::DetailsWriter* details) const;

  const comm::Communicator& world_;
  const config::RedshiftConfig& config_;
  const TargetList& targets_;
  const std::vector<int>& mine_;
  std::size_t nbatch_;
  const kernels::RedshiftFitter& fitter_;
  std::optional<io::Priors> priors_;
  StepTimes& times_;
  ScanRing ring_;
  std::vector<std::vector<kernels::Zfit>> fits_;  ///< [mine]
};

}  // namespace zspex::pipeline
