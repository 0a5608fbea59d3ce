#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "kernels/base/fused.hpp"
#include "kernels/redshift/detail/spectra.hpp"

namespace zspex::kernels::detail {
namespace {

void pack_spectrum(const TargetSpectrum& from, std::span<double> root_ivar, std::span<double> scaled_flux,
                   std::span<float> rows) {
  const int nwave = static_cast<int>(from.flux.size()), ndiag = from.ndiag, half = ndiag / 2;
  std::fill(root_ivar.begin(), root_ivar.end(), 0.0);
  std::fill(scaled_flux.begin(), scaled_flux.end(), 0.0);
  std::fill(rows.begin(), rows.end(), 0.0F);
  for (int p = 0; p < nwave; ++p) {
    root_ivar[p] = std::sqrt(from.ivar[p]);
    scaled_flux[p] = root_ivar[p] * from.flux[p];
    for (int m = 0; m < ndiag; ++m) {
      const int column = p + m - half;
      if (column < 0 || column >= nwave) continue;
      rows[row_index(p, m, ndiag)] = from.resolution[static_cast<std::size_t>(ndiag - 1 - m) * nwave + column];
    }
  }
}

}  // namespace

SpectraSize spectrum_size(const BandLayout& band, int ndiag) {
  const std::size_t npixel = static_cast<std::size_t>(band.nstrip) * strip_width;
  return {npixel, npixel * static_cast<std::size_t>(ndiag)};
}

SpectraSize pack_target(const Target& target, const PixelLayout& layout, const SpectraArrays& arrays, SpectraSize at,
                        PackedTargets& packed) {
  PackedTargets::Target& facts = packed.targets.emplace_back();
  for (const auto& spectrum : target.spectra) {
    const auto ngood = std::count_if(spectrum.ivar.begin(), spectrum.ivar.end(), [](double ivar) { return ivar > 0; });
    if (ngood == 0) continue;
    const SpectraSize size = spectrum_size(layout.bands[spectrum.band], spectrum.ndiag);
    const auto flux = arrays.scaled_flux.subspan(at.npixel, size.npixel);
    pack_spectrum(spectrum, arrays.root_ivar.subspan(at.npixel, size.npixel), flux,
                  arrays.rows.subspan(at.nrow, size.nrow));
    for (const double value : flux) facts.flux_square += value * value;
    facts.npixels += static_cast<int>(ngood);
    ++facts.nspectrum;
    packed.spectra.push_back({spectrum.band, spectrum.ndiag, at.npixel, at.nrow});
    at += size;
  }
  return at;
}

HostTargets::HostTargets(const PackedTargets& packed, const SpectraArrays& all, const PixelLayout& layout)
    : arrays(all) {
  using Shape = std::vector<std::pair<int, int>>;  // bands and diagonals
  std::map<Shape, int> numbers;
  auto next = packed.spectra.begin();
  for (const PackedTargets::Target& facts : packed.targets) {
    Shape shape;
    TargetSpectra& target = targets.emplace_back();
    target.first = static_cast<int>(list.size());
    target.ngood = facts.npixels;
    target.flux_square = facts.flux_square;
    for (int i = 0; i < facts.nspectrum; ++i, ++next) {
      const BandLayout& band = layout.bands[next->band];
      list.push_back({next->band, next->ndiag, band.nstrip * strip_width, band.first, next->pixel, next->row});
      target.npixel += list.back().npixel;
      shape.emplace_back(next->band, next->ndiag);
    }
    target.last = static_cast<int>(list.size());
    shapes.push_back(numbers.emplace(std::move(shape), static_cast<int>(numbers.size())).first->second);
  }
  using Doubles = DeviceView<const double*, Host>;
  spectra = {DeviceView<const TargetSpectra*, Host>(targets.data(), targets.size()),
             DeviceView<const Spectrum*, Host>(list.data(), list.size()),
             Doubles(arrays.root_ivar.data(), arrays.root_ivar.size()),
             Doubles(arrays.scaled_flux.data(), arrays.scaled_flux.size()),
             DeviceView<const float*, Host>(arrays.rows.data(), arrays.rows.size())};
}

}  // namespace zspex::kernels::detail
