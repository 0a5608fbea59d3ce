/// \file
/// Scans of targets at all redshifts of a template, as they go into the refinement, and what comes out of it.
#pragma once

#include <cstddef>
#include <vector>

#include "core/array.hpp"
#include "core/zfit.hpp"

namespace zspex::kernels {

/// Targets [first, first + n).
struct TargetRange {
  std::size_t first = 0, n = 0;
};

/// The scan of one template for some targets, as refinement takes it.
struct CoarseScan {
  int itemplate = 0;
  TargetRange range;
  Array2<double> chi2;  ///< [range.n][nz] with penalty and prior
};
/// [range.n] at most nminima fits each, the least chi^2 first; neither ranked nor named yet. None for a target without data.
using RefinedFits = std::vector<std::vector<Zfit>>;

}  // namespace zspex::kernels
