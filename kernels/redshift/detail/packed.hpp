/// \file
/// Targets as the kernels read them: rows of R strip by strip, weighted fluxes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/packed_targets.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels::detail {

/// One spectrum, padded to whole strips with pixels that have no weight.
struct PackedSpectrum {
  int band = 0, ndiag = 0, nstrip = 0;
  const double* root_ivar = nullptr;    ///< [nstrip * strip_width]
  const double* scaled_flux = nullptr;  ///< [nstrip * strip_width] flux * sqrt(ivar)
  const float* rows = nullptr;  ///< [nstrip][ndiag][strip_width] row p of R: element m multiplies pixel p + m - ndiag/2

  int npixel() const { return nstrip * strip_width; }
};

/// One target, in somebody's memory.
struct PackedTarget {
  std::vector<PackedSpectrum> spectra;  ///< without those that have no good pixel
  int npixels = 0;                      ///< with ivar > 0
  double flux_square = 0;               ///< sum of ivar * flux^2: chi^2 of no model at all

  /// Pixels of all its spectra, padding included.
  std::size_t column_size() const;
  /// Whether both can be fitted side by side.
  bool same_shape(const PackedTarget& other) const;
};

/// Bytes of a spectrum: its weights and fluxes, and then its rows of R.
std::size_t spectrum_bytes(const BandLayout& band, int ndiag);

/// Packs a target's spectra into `memory` from offset `at` on, and appends them to `packed`. \return the offset behind them
std::size_t pack_target(const Target& target, const PixelLayout& layout, std::span<std::byte> memory, std::size_t at,
                        PackedTargets& packed);

/// The targets as they lie in `memory`.
std::vector<PackedTarget> unpack(const PackedTargets& packed, const PixelLayout& layout,
                                 std::span<const std::byte> memory);

}  // namespace zspex::kernels::detail
