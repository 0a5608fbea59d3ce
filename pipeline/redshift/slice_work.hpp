/// \file
/// The two pieces of work on a slice of rebinned templates, wherever a strategy wants each of them done: rebinning it, and
/// fitting targets to it.
#pragma once

#include <cstddef>

#include "kernels/redshift/fitter.hpp"
#include "pipeline/redshift/scanner.hpp"

namespace zspex::pipeline {

/// Rebins where the strategy says, into memory of the host or of the GPU.
class Rebinner {
 public:
  /// \param at    whose memory the slices are in
  /// \param most  values of the largest slice \throws std::exception when there is no memory for one
  Rebinner(const ScanSetup& setup, kernels::BackendKind at, std::size_t most);
  Rebinner() = default;

  /// The redshifts [first, first + nz) of a template. A slice of the GPU is there for the next fits, one of the host at once.
  void rebin(int itemplate, int first, int nz, const kernels::Values& slice) const;

 private:
  kernels::RedshiftFitter* fitter_ = nullptr;
  kernels::BackendKind by_ = kernels::BackendKind::host, at_ = by_;
  kernels::Values scratch_;  ///< of `by`, where that isn't `at`
};

/// Fits targets to slices: all of it on one processor; or the host convolves, and the GPU fits.
class SliceFitter {
 public:
  /// \throws std::exception when there is no memory for R x basis of a target
  explicit SliceFitter(const ScanSetup& setup);
  SliceFitter() = default;

  /// Whose memory slices must be in.
  kernels::BackendKind place() const { return place_; }
  const kernels::FitBackend& backend() const { return fitter_->backend(place_); }
  /// As FitBackend::scan().
  void scan(int itemplate, int first, int nz, const kernels::Values& slice, kernels::TargetRange targets,
            const kernels::ScanRows& rows);
  /// Waits for the results of scan().
  void finish() const;

 private:
  void reserve_columns(std::size_t size);

  kernels::RedshiftFitter* fitter_ = nullptr;
  kernels::BackendKind place_ = kernels::BackendKind::host, fit_ = place_;
  kernels::Values columns_, device_columns_;  ///< R x basis of a target, where the host makes it for the GPU
};

}  // namespace zspex::pipeline
