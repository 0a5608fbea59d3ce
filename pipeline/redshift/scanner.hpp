/// \file
/// The scan of a team's targets in all templates: one way for each way of holding rebinned templates.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/scan_store.hpp"
#include "pipeline/redshift/strategy.hpp"
#include "pipeline/roles.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

/// Runs work, and adds up how long it takes; with a factor above 1 it takes so many times as long, for tests of how work is
/// dealt to slow ranks.
class Throttle {
 public:
  explicit Throttle(double factor = 1) : factor_(factor) {}

  /// \return seconds
  template <class Work>
  double run(Work&& work) {
    const Stopwatch watch;
    work();
    if (factor_ > 1) std::this_thread::sleep_for(std::chrono::duration<double>(watch.seconds() * (factor_ - 1)));
    const double seconds = watch.seconds();
    busy_ += seconds;
    return seconds;
  }
  double busy() const { return busy_; }

 private:
  double factor_, busy_ = 0;
};

/// What a rank needs to do its part. References to what lives as long as the run.
struct ScanSetup {
  const comm::Communicator &world, &node;
  const comm::Communicator& team;  ///< the ranks that fit the same targets
  const Strategy& strategy;
  Role role;  ///< of this rank
  const config::RedshiftConfig& config;
  kernels::RedshiftFitter& fitter;
  Throttle& throttle;

  /// Where a piece of the work is done here.
  kernels::BackendKind backend(kernels::BackendKind of_gpu_rank) const {
    return role.on_gpu ? of_gpu_rank : kernels::BackendKind::host;
  }
};

/// Seconds and work of a scan on this rank.
struct ScanTimes {
  double rebin = 0, scan = 0, wait = 0;
  double nfit = 0;  ///< targets times redshifts
};

class Scanner {
 public:
  virtual ~Scanner() = default;
  /// Fits all targets of the fitter at all redshifts of all templates, into `store`, which is then to be published.
  /// Collective over the world. A rank that throws does so after it has met the others for the last time.
  /// \param done  called on ranks that know with the number of redshifts that are done
  virtual void scan(ScanStore& store, const std::function<void(std::size_t nz)>& done) = 0;
  const ScanTimes& times() const { return times_; }

 protected:
  ScanTimes times_;
};

}  // namespace zspex::pipeline
