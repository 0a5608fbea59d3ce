#include "pipeline/redshift/slice_work.hpp"

#include <algorithm>

#include "kernels/base/region.hpp"
#include "pipeline/redshift/slice.hpp"

namespace zspex::pipeline {

using kernels::BackendKind;

Rebinner::Rebinner(const ScanSetup& setup, BackendKind at, std::size_t most)
    : fitter_(&setup.fitter), by_(setup.backend(setup.strategy.rebin)), at_(at) {
  if (by_ != at_) scratch_ = fitter_->backend(by_).allocate(most);
}

void Rebinner::rebin(int itemplate, int first, int nz, const kernels::Values& slice) const {
  const kernels::Region named("zspex::redshift::rebin");
  const kernels::FitBackend& by = fitter_->backend(by_);
  by.rebin(itemplate, first, nz, by_ == at_ ? slice : scratch_);
  if (by_ == at_) return;
  const kernels::FitBackend& device = fitter_->backend(BackendKind::device);
  const kernels::Values made = scratch_.from(0, fitter_->slice_size(itemplate, nz));
  if (by_ == BackendKind::device) {
    device.copy_out(slice, made);
  } else {
    by.finish();
    device.copy_in(slice, made);
  }
}

SliceFitter::SliceFitter(const ScanSetup& setup)
    : fitter_(&setup.fitter), place_(setup.backend(setup.strategy.convolve)), fit_(setup.backend(setup.strategy.fit)) {
  if (place_ == fit_) return;
  std::size_t most = 0;
  for (int it = 0; it < static_cast<int>(fitter_->templates().size()); ++it)
    most = std::max(most, fitter_->columns_size(it, slice_redshifts(*fitter_, it, setup.config)));
  reserve_columns(most);
}

/// More than one spectrum per band needs more memory.
void SliceFitter::reserve_columns(std::size_t size) {
  if (size <= columns_.size()) return;
  columns_ = fitter_->backend(BackendKind::host).allocate(size);
  device_columns_ = fitter_->backend(BackendKind::device).allocate(size);
}

void SliceFitter::scan(int itemplate, int first, int nz, const kernels::Values& slice, kernels::TargetRange targets,
                       const kernels::ScanRows& rows) {
  if (nz == 0 || targets.n == 0) return;
  if (place_ == fit_) return fitter_->backend(fit_).scan(itemplate, first, nz, slice, targets, rows);
  const kernels::FitBackend& device = fitter_->backend(BackendKind::device);
  for (std::size_t i = targets.first; i < targets.first + targets.n; ++i) {
    const std::size_t size = fitter_->columns_size_of(i, itemplate, nz);
    reserve_columns(size);
    fitter_->convolve(itemplate, nz, slice, i, columns_);
    device.copy_in(device_columns_, columns_.from(0, size));
    device.fit_columns(itemplate, first, nz, slice, device_columns_, i, rows);
  }
}

void SliceFitter::finish() const { fitter_->backend(fit_).finish(); }

}  // namespace zspex::pipeline
