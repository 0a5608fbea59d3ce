/// \file
/// The refinement of minima in plain steps: what RedshiftFitter::refine() is compared with.
#pragma once

#include <span>
#include <vector>

#include "tests/kernels/support/plain_redshift.hpp"

namespace zspex::test {

/// A refined minimum, and what rounding may do to it.
struct PlainMinimum {
  Zfit fit;  ///< without coefficients and chi^2 of the model: these are to be had at the redshift that is found
  double z_error = 0, chi2_error = 0, zerr_error = 0;
  std::vector<double> zzchi2_error;  ///< [npoints]
};

/// Redrock's refinement, step by step:
///   each minimum of chi2, the lowest first, unless it is within v of one that is there: STAR 100, else 1000 km/s;
///   chi^2 and penalty at `npoints` redshifts between its neighbors; a parabola through the least of them and the two
///   beside it; again unless it is within v; until there are `nminima`. The least chi^2 first.
std::vector<PlainMinimum> refine_plainly(const kernels::Target& target, const Grids& grids,
                                         const kernels::Template& tmpl, std::span<const double> chi2, int nminima,
                                         int npoints, const Rounding& rounding);

}  // namespace zspex::test
