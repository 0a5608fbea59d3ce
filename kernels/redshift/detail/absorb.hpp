/// \file
/// Absorption by the intergalactic medium, on host and device.
#pragma once

#include "kernels/base/launch.hpp"
#include "kernels/redshift/detail/inoue14.hpp"
#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/igm.hpp"

namespace zspex::kernels::detail {

/// The transmission of the intergalactic medium on some pixels, as far as it doesn't depend on the redshift.
template <class Exec>
struct Absorption {
  DeviceView<const double*, Exec> line_wave;  ///< [nline] rest frame, Angstrom
  DeviceView<const double**, Exec> passing;   ///< [nline][npixel] of each line; holds for pixels bluer than the line
  DeviceView<const double*, Exec> wave;       ///< [npixel] observed, Angstrom; growing in a band
  bool continuum = false;                     ///< absorption beyond the Lyman limit, too
};

/// values[b * stride + i] *= transmission of pixel run.first + i towards z, i < run.n, b < nbasis.
template <class Exec, class Real>
KOKKOS_INLINE_FUNCTION void absorb(const Absorption<Exec>& medium, double z, const PixelRun& run, int nbasis,
                                   Real* values, std::size_t stride) {
  const double* wave = medium.wave.data() + run.first;
  const double scale = 1 + z;
  const int nline = medium.line_wave.extent_int(0);
  if (nline == 0 || wave[0] / scale >= lyman_alpha_angstrom) return;
  for (int line = 0; line < nline; ++line) {
    const double* passing = &medium.passing(line, run.first);
    int n = 0;
    while (n < run.n && wave[n] / scale < medium.line_wave(line)) ++n;
    for (int b = 0; b < nbasis; ++b)
      for (int i = 0; i < n; ++i) values[b * stride + i] = static_cast<Real>(values[b * stride + i] * passing[i]);
  }
  if (!medium.continuum) return;
  for (int i = 0; i < run.n && wave[i] < lyman_limit_angstrom * scale; ++i) {
    const double passing = math::exp(-inoue14_continuum(wave[i], z));
    for (int b = 0; b < nbasis; ++b) values[b * stride + i] = static_cast<Real>(values[b * stride + i] * passing);
  }
}

}  // namespace zspex::kernels::detail
