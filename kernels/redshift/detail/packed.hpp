/// \file
/// Targets as the kernels read them: rows of R strip by strip, weighted fluxes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels::detail {

/// One spectrum, padded to whole strips with pixels that have no weight.
struct PackedSpectrum {
  int band = 0, ndiag = 0, nstrip = 0;
  std::vector<float> rows;  ///< [nstrip][ndiag][strip_width] row p of R: element m multiplies pixel p + m - ndiag/2
  std::vector<double> root_ivar;    ///< [nstrip * strip_width]
  std::vector<double> scaled_flux;  ///< [nstrip * strip_width] flux * sqrt(ivar)
};

struct PackedTarget {
  std::vector<PackedSpectrum> spectra;  ///< without those that have no good pixel
  int npixels = 0;                      ///< with ivar > 0
  double flux_square = 0;               ///< sum of ivar * flux^2: chi^2 of no model at all

  /// Whether both can be fitted side by side.
  bool same_shape(const PackedTarget& other) const;
};

PackedTarget pack_target(const Target& target, const PixelLayout& layout);

}  // namespace zspex::kernels::detail
