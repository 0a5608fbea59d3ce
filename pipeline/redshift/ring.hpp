/// \file
/// The scan of one template over all ranks: each rebins a slice of the redshifts, and the slices go round the ring of
/// ranks until every rank has fitted its targets to all of them.
#pragma once

#include <cstddef>
#include <functional>

#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/communicator.hpp"

namespace zspex::pipeline {

inline constexpr double gibibyte = 1 << 30;

/// Seconds of the parts of a scan on this rank.
struct ScanTimes {
  double rebin = 0, scan = 0, wait = 0;
};

class ScanRing {
 public:
  /// \param memory  bytes for slices, at most, two of which are held; more redshifts than 32 a slice aren't faster
  ScanRing(const comm::Communicator& world, const kernels::RedshiftFitter& fitter, std::size_t memory);

  /// Fills `scan` for a batch of the targets of this rank. Collective.
  /// \param done  called with the number of redshifts that are done
  void scan(int itemplate, std::size_t ibatch, kernels::Zscan& scan, const std::function<void(int nz)>& done);

  const ScanTimes& times() const { return times_; }
  /// Redshifts of a slice, at most. \throws ConfigError when not even one fits the memory
  int slice_redshifts(int itemplate) const;

 private:
  const comm::Communicator& world_;
  const kernels::RedshiftFitter& fitter_;
  std::size_t memory_;
  std::vector<std::byte> held_, coming_;
  ScanTimes times_;
};

}  // namespace zspex::pipeline
