/// \file
/// The spectra of targets on one execution space.
#pragma once

#include <span>
#include <vector>

#include "kernels/base/fused.hpp"
#include "kernels/base/launch.hpp"
#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/packed_targets.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels::detail {

/// One spectrum, padded to whole strips with pixels that have no weight.
struct Spectrum {
  int band = 0, ndiag = 0, npixel = 0;
  int first = 0;                   ///< its pixel 0 in a row of a rebinned template
  std::size_t pixel = 0, row = 0;  ///< its values in the arrays of all
};

/// The spectra [first, last) of one target.
struct TargetSpectra {
  int first = 0, last = 0;
  int npixel = 0;          ///< of all of them, padding included
  int ngood = 0;           ///< pixels with ivar > 0
  double flux_square = 0;  ///< chi^2 of no model at all
};

/// The spectra of all targets one after the other, in the memory of an execution space (packed_targets.hpp).
template <class Exec>
struct Spectra {
  DeviceView<const TargetSpectra*, Exec> targets;
  DeviceView<const Spectrum*, Exec> spectra;
  DeviceView<const double*, Exec> root_ivar, scaled_flux;  ///< [npixel]
  DeviceView<const float*, Exec> rows;                     ///< [nrow]

  KOKKOS_FORCEINLINE_FUNCTION const double* weights(const Spectrum& s) const { return root_ivar.data() + s.pixel; }
  KOKKOS_FORCEINLINE_FUNCTION const double* flux(const Spectrum& s) const { return scaled_flux.data() + s.pixel; }
  KOKKOS_FORCEINLINE_FUNCTION const float* resolution(const Spectrum& s) const { return rows.data() + s.row; }
  /// (R t)[first + i] of a spectrum, i < strip_width, for t on a row of pixels and the first pixel of a strip.
  KOKKOS_INLINE_FUNCTION void convolve_strip(const Spectrum& s, const double* t, int first, double* out) const {
    const float* r = resolution(s) + row_index(first, 0, s.ndiag);
    const double* from = t + s.first + first - s.ndiag / 2;
    for (int lane = 0; lane < strip_width; ++lane) out[lane] = 0;
    for (int m = 0; m < s.ndiag; ++m)
      for (int lane = 0; lane < strip_width; ++lane)
        out[lane] = fused(static_cast<double>(r[m * strip_width + lane]), from[lane + m], out[lane]);
  }
};

/// All targets in arrays of the host, which stay there.
struct HostTargets {
  std::vector<TargetSpectra> targets;
  std::vector<Spectrum> list;  ///< of all targets, one after the other
  /// [target] the same number for targets whose spectra have the same bands and diagonals: they can be fitted side by side.
  std::vector<int> shapes;
  SpectraArrays arrays;
  Spectra<Host> spectra;  ///< of these

  HostTargets(const PackedTargets& packed, const SpectraArrays& arrays, const PixelLayout& layout);
  HostTargets(const HostTargets&) = delete;
};

/// Of a spectrum's values.
SpectraSize spectrum_size(const BandLayout& band, int ndiag);

/// Packs a target's spectra into `arrays` from `at` on, and appends them to `packed`. \return where they end
SpectraSize pack_target(const Target& target, const PixelLayout& layout, const SpectraArrays& arrays, SpectraSize at,
                        PackedTargets& packed);

}  // namespace zspex::kernels::detail
