/// \file
/// Absorption beyond the Lyman limit, on host and device: Inoue et al. 2014, MNRAS 442, 1805.
#pragma once

#include "kernels/base/launch.hpp"

namespace zspex::kernels::detail {

inline constexpr double lyman_limit_angstrom = 911.8;

/// Optical depth of the Lyman continuum, eq. 25-29. The branch of eq. 25 (z < 1.2) is left out, as in Redrock: it concerns
/// observed wavelengths below 2006 Angstrom only.
KOKKOS_INLINE_FUNCTION double inoue14_continuum(double wave, double z) {
  const double scale = 1 + z, x = wave / lyman_limit_angstrom;
  if (x >= scale) return 0;
  using math::pow;
  double dla, laf;
  if (z < 2)
    dla = 0.2113 * pow(scale, 2.0) - 0.07661 * pow(scale, 2.3) * pow(x, -0.3) - 0.1347 * pow(x, 2.0);
  else if (x >= 3)
    dla = 0.04696 * pow(scale, 3.0) - 0.01779 * pow(scale, 3.3) * pow(x, -0.3) - 0.02916 * pow(x, 3.0);
  else
    dla = 0.6340 + 0.04696 * pow(scale, 3.0) - 0.01779 * pow(scale, 3.3) * pow(x, -0.3) - 0.1347 * pow(x, 2.0) -
          0.2905 * pow(x, -0.3);
  if (z < 4.7)
    laf = x >= 2.2 ? 0.02545 * (pow(scale, 1.6) * pow(x, 2.1) - pow(x, 3.7))
                   : 0.02545 * pow(scale, 1.6) * pow(x, 2.1) + 0.3248 * pow(x, 1.2) - 0.2496 * pow(x, 2.1);
  else if (x >= 5.7)
    laf = 5.221e-4 * (pow(scale, 3.4) * pow(x, 2.1) - pow(x, 5.5));
  else if (x >= 2.2)
    laf = 5.221e-4 * pow(scale, 3.4) * pow(x, 2.1) + 0.2182 * pow(x, 2.1) - 0.02545 * pow(x, 3.7);
  else
    laf = 5.221e-4 * pow(scale, 3.4) * pow(x, 2.1) + 0.3248 * pow(x, 1.2) - 0.03140 * pow(x, 2.1);
  return dla + laf;
}

}  // namespace zspex::kernels::detail
