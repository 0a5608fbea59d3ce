/// \file
/// How fast a backend is at the pieces of a redshift fit, with invented targets.
#pragma once

#include <cstddef>

#include "config/machine_config.hpp"
#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

/// 1e9/s: values, operations, operations in double.
struct BackendRates {
  double rebin = 0, scan = 0, fine = 0;
};

/// Makes the host's rates of a machine, measured by ranks that may have shared cores, those of a core for itself.
void count_whole_cores(config::MachineConfig& machine);

/// Targets that look like full ones: the time of a fit does not depend on its numbers.
kernels::OwnTargets invent_targets(const kernels::RedshiftFitter& fitter, const TargetList& targets, std::size_t n);

/// The template with most redshifts: it is what takes longest.
int longest_template(const kernels::RedshiftFitter& fitter);

/// Rates with the first targets of those that the fitter has, each piece for so many seconds or once, after once before.
/// \param it  the template
BackendRates measure_rates(const kernels::FitBackend& backend, const kernels::RedshiftFitter& fitter, int it,
                           const config::RedshiftConfig& config, std::size_t ntarget, double seconds);

/// The host's, of one of a rank's threads.
BackendRates measure_host_rates(const kernels::RedshiftFitter& fitter, int it, const config::RedshiftConfig& config,
                                std::size_t ntarget, double seconds);

/// Scans of a slice in the middle of a template, again and again, with any number of the fitter's targets.
class SliceScan {
 public:
  SliceScan(const kernels::FitBackend& backend, const kernels::RedshiftFitter& fitter, int it,
            const config::RedshiftConfig& config);

  int redshifts() const { return nz_; }
  void rebin() const;
  /// \param nz  of its redshifts, the first
  void scan(std::size_t ntarget, int nz) const;
  void scan(std::size_t ntarget) const { scan(ntarget, nz_); }

 private:
  const kernels::FitBackend& backend_;
  int it_, nz_, first_;
  kernels::Values slice_;
  mutable std::vector<double> chi2_, penalty_;
  kernels::ScanRows rows_;
};

/// 1e9 bytes/s of memory that is taken and touched for the first time.
double fresh_memory_rate(double seconds);

/// 1e9 bytes/s from the host's memory to the device's, as slices go. \param nvalue  of a copy
double upload_rate(const kernels::RedshiftFitter& fitter, std::size_t nvalue, double seconds);

}  // namespace zspex::pipeline
