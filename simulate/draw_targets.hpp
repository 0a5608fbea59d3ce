/// \file
/// Targets for all fibers of a petal. A target is a few numbers, drawn from the seed, the petal and the fiber alone: each
/// camera and each exposure sees the same sky.
#pragma once

#include <cstdint>
#include <vector>

#include "simulate/target.hpp"

namespace zspex::simulate {

/// Parts of the fibers.
struct TargetMix {
  double galaxy = 0.5, qso = 0.15, star = 0.25, sky = 0.1;
};

/// The targets of fibers specmin ... specmin + nspec - 1 of a petal. Each bundle gets each kind's share up to one fiber
/// more or less, at random places. A target does not depend on specmin and nspec, which are multiples of 25.
std::vector<Target> draw_targets(std::uint64_t seed, int petal, int specmin, int nspec, const TargetMix& mix,
                                 const Pointing& pointing);

/// The same fibers when a lamp shines: no targets, TARGETID negative.
std::vector<Target> lamp_targets(std::vector<Target> targets, int petal);

}  // namespace zspex::simulate
