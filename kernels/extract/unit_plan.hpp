/// \file
/// All that the host decides for a unit before anything is computed. It depends on the PSF and the settings alone, and
/// so serves for all frames of one PSF.
#pragma once

#include <optional>
#include <vector>

#include "kernels/extract/patches.hpp"

namespace zspex::kernels {

struct UnitPlan {
  ExtractUnit unit;
  bool dark = false;   ///< no fiber of the bundle has light: there is nothing to solve, nor more in this plan
  Traces traces;       ///< of the fibers with spots; corners count from the window's origin
  PixelWindow window;  ///< pixels that the spots touch
  std::optional<PatchShape> whole;  ///< the unit as one patch, for the `bundle` solver: all fibers, bins, pixels
  std::vector<PatchShape> patches;  ///< or the windows of the bundle

  std::size_t bytes() const;
};

UnitPlan plan_unit(const Psf& psf, const ExtractSettings& settings, const ExtractUnit& unit, SolverKind solver);

}  // namespace zspex::kernels
