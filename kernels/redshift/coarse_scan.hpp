/// \file
/// What goes into a refinement, scans of targets at all redshifts of a template, and what comes out of it.
#pragma once

#include <cstddef>
#include <vector>

#include "core/array.hpp"
#include "core/zfit.hpp"

namespace zspex::kernels {

/// Targets [first, first + n) of those that the fitter has.
struct TargetRange {
  std::size_t first = 0, n = 0;
};

/// The scan of one template for some targets, as refinement takes it.
struct CoarseScan {
  int itemplate = 0;
  TargetRange range;
  Array2<double> chi2;  ///< [range.n][nz] with penalty and prior; no_chi2: no fit; NaN: never a minimum
};
/// [range.n] at most nminima fits each, the least chi^2 first, not yet ranked. None for a target without data.
using RefinedFits = std::vector<std::vector<Zfit>>;

}  // namespace zspex::kernels
