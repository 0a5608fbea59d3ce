/// \file
/// A fitter with targets of its own, which are scanned and refined on the host in batches.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/redshift/fitter.hpp"

namespace zspex::test {

/// The coarse scan of one template, for the targets of a batch.
struct Zscan {
  Array2<double> chi2;     ///< [ntarget][nz] without penalty; no_chi2 where there is no fit
  Array2<double> penalty;  ///< [ntarget][nz] for negative [OII] emission; GALAXY only, else 0
  Array3<float> coeff;     ///< [ntarget][nz][nbasis]; empty unless wanted
};

class HostFitter : public kernels::RedshiftFitter {
 public:
  using RedshiftFitter::RedshiftFitter;

  /// The targets from now on.
  /// \param batch  so many at a time are scanned and refined; 0 = all
  void set_targets(std::span<const kernels::Target> targets, std::size_t batch = 0) {
    own_ = pack(targets);
    batch_ = batch > 0 ? batch : std::max<std::size_t>(1, targets.size());
    RedshiftFitter::set_targets(own_.packed, own_.arrays(), false);
  }
  /// The targets of a batch; none beyond the last one.
  kernels::TargetRange batch(std::size_t ibatch) const {
    const std::size_t first = std::min(ibatch * batch_, ntarget());
    return {first, std::min(batch_, ntarget() - first)};
  }
  /// Scans redshifts [first, first + nz) of a template for a batch, with a slice of its own.
  void scan(int itemplate, int first, int nz, Zscan& scan, std::size_t ibatch = 0) const {
    const kernels::FitBackend& host = backend(kernels::BackendKind::host);
    const kernels::Values slice = host.allocate(slice_size(itemplate, nz));
    host.rebin(itemplate, first, nz, slice);
    const kernels::TargetRange range = batch(ibatch);
    host.scan(itemplate, first, nz, slice, range,
              {range.first, templates()[static_cast<std::size_t>(itemplate)].redshifts.size(), scan.chi2.data(),
               scan.penalty.data(), scan.coeff.empty() ? nullptr : scan.coeff.data()});
    host.finish();
  }
  /// Refines the minima of the targets of a batch in one template.
  std::vector<std::vector<Zfit>> refine(int itemplate, const Array2<double>& chi2, std::size_t ibatch = 0) const {
    const kernels::CoarseScan scan{itemplate, batch(ibatch), chi2};
    return RedshiftFitter::refine(kernels::BackendKind::host, {&scan, 1})[0];
  }

 private:
  kernels::OwnTargets own_;
  std::size_t batch_ = 1;
};

}  // namespace zspex::test
