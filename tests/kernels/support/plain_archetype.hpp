/// \file
/// Fits of archetypes in plain loops: what the refits of RedshiftFitter::refine() are compared with.
#pragma once

#include <vector>

#include "tests/kernels/support/plain_redshift.hpp"

namespace zspex::test {

struct PlainArchetypes {
  std::vector<int> nearest;    ///< the least chi^2 alone first
  std::vector<Real> legcoeff;  ///< [nband][degree] zeros for bands that the target doesn't have; [degree] when shared
  PlainFit fit;                ///< its first coefficients are those of `nearest`
};

/// Each archetype alone with the polynomials: the best one, or the nnearest ones together.
///   one     min |M c - y|, archetypes >= 0; per camera M has 1 / prior^2 on the diagonal of the polynomials
PlainArchetypes archetypes_plainly(const kernels::Target& target, const Grids& grids, const kernels::Archetypes& set,
                                   kernels::IgmModel igm, double z, const kernels::ArchetypeSettings& settings);

/// Legendre polynomials 0 to degree - 1 on the pixels of all bands: [degree].
std::vector<Light> legendre_plainly(int degree, const Grids& grids);

}  // namespace zspex::test
