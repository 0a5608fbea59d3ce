#include <algorithm>
#include <cmath>

#include "kernels/redshift/detail/packed.hpp"

namespace zspex::kernels::detail {
namespace {

PackedSpectrum pack_spectrum(const TargetSpectrum& from, const BandLayout& band) {
  PackedSpectrum to;
  to.band = from.band;
  to.ndiag = from.ndiag;
  to.nstrip = band.nstrip;
  const int nwave = band.nwave, ndiag = from.ndiag, half = ndiag / 2;
  const std::size_t npadded = static_cast<std::size_t>(band.nstrip) * strip_width;
  to.rows.assign(npadded * ndiag, 0.0F);
  to.root_ivar.assign(npadded, 0.0);
  to.scaled_flux.assign(npadded, 0.0);
  for (int p = 0; p < nwave; ++p) {
    to.root_ivar[p] = std::sqrt(from.ivar[p]);
    to.scaled_flux[p] = to.root_ivar[p] * from.flux[p];
    float* row = to.rows.data() + static_cast<std::size_t>(p / strip_width) * ndiag * strip_width + p % strip_width;
    for (int m = 0; m < ndiag; ++m) {
      const int column = p + m - half;
      if (column < 0 || column >= nwave) continue;
      row[m * strip_width] = from.resolution[static_cast<std::size_t>(ndiag - 1 - m) * nwave + column];
    }
  }
  return to;
}

}  // namespace

bool PackedTarget::same_shape(const PackedTarget& other) const {
  return std::equal(spectra.begin(), spectra.end(), other.spectra.begin(), other.spectra.end(),
                    [](const auto& a, const auto& b) { return a.band == b.band && a.ndiag == b.ndiag; });
}

PackedTarget pack_target(const Target& target, const PixelLayout& layout) {
  PackedTarget packed;
  for (const auto& spectrum : target.spectra) {
    const auto ngood = std::count_if(spectrum.ivar.begin(), spectrum.ivar.end(), [](double ivar) { return ivar > 0; });
    packed.npixels += static_cast<int>(ngood);
    if (ngood > 0) packed.spectra.push_back(pack_spectrum(spectrum, layout.bands[spectrum.band]));
  }
  for (const auto& spectrum : packed.spectra)
    for (const double value : spectrum.scaled_flux) packed.flux_square += value * value;
  return packed;
}

}  // namespace zspex::kernels::detail
