/// \file
/// All that the host decides for a block before anything is computed. It depends on the PSF and the settings alone, and
/// so serves for all frames of one PSF.
#pragma once

#include <optional>
#include <vector>

#include "kernels/extract/detail/patches.hpp"

namespace zspex::kernels::detail {

struct BlockPlan {
  FiberBlock block;
  bool dark = false;   ///< no fiber of the bundle has light: there is nothing to solve, nor more in this plan
  Traces traces;       ///< of the fibers with spots; corners count from the window's origin
  PixelWindow window;  ///< pixels that the spots touch
  std::optional<PatchShape> whole;  ///< the block as one patch, for the `bundle` solver: all fibers, bins, pixels
  std::vector<PatchShape> patches;  ///< or the windows of the bundle

  std::size_t bytes() const;
};

BlockPlan plan_block(const Psf& psf, const ExtractSettings& settings, const FiberBlock& block, SolverKind solver);

}  // namespace zspex::kernels::detail
