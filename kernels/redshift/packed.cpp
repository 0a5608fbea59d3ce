#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/redshift/detail/packed.hpp"

namespace zspex::kernels::detail {
namespace {

/// The parts of a spectrum's memory; Byte is std::byte or const.
template <class Byte>
struct Parts {
  template <class T>
  using Of = std::conditional_t<std::is_const_v<Byte>, const T, T>;

  Parts(const BandLayout& band, Byte* memory)
      : npadded(static_cast<std::size_t>(band.nstrip) * strip_width),
        root_ivar(reinterpret_cast<Of<double>*>(memory)),
        scaled_flux(root_ivar + npadded),
        rows(reinterpret_cast<Of<float>*>(scaled_flux + npadded)) {}

  std::size_t npadded;
  Of<double>*root_ivar, *scaled_flux;
  Of<float>* rows;
};

void pack_spectrum(const TargetSpectrum& from, const BandLayout& band, std::byte* memory) {
  const int nwave = band.nwave, ndiag = from.ndiag, half = ndiag / 2;
  const Parts<std::byte> to(band, memory);
  std::fill_n(memory, spectrum_bytes(band, ndiag), std::byte{0});
  for (int p = 0; p < nwave; ++p) {
    to.root_ivar[p] = std::sqrt(from.ivar[p]);
    to.scaled_flux[p] = to.root_ivar[p] * from.flux[p];
    float* row = to.rows + static_cast<std::size_t>(p / strip_width) * ndiag * strip_width + p % strip_width;
    for (int m = 0; m < ndiag; ++m) {
      const int column = p + m - half;
      if (column < 0 || column >= nwave) continue;
      row[m * strip_width] = from.resolution[static_cast<std::size_t>(ndiag - 1 - m) * nwave + column];
    }
  }
}

}  // namespace

std::size_t PackedTarget::column_size() const {
  std::size_t npixel = 0;
  for (const auto& spectrum : spectra) npixel += static_cast<std::size_t>(spectrum.npixel());
  return npixel;
}

bool PackedTarget::same_shape(const PackedTarget& other) const {
  return std::equal(spectra.begin(), spectra.end(), other.spectra.begin(), other.spectra.end(),
                    [](const auto& a, const auto& b) { return a.band == b.band && a.ndiag == b.ndiag; });
}

std::size_t spectrum_bytes(const BandLayout& band, int ndiag) {
  return static_cast<std::size_t>(band.nstrip) * strip_width *
         (2 * sizeof(double) + static_cast<std::size_t>(ndiag) * sizeof(float));
}

std::size_t pack_target(const Target& target, const PixelLayout& layout, std::span<std::byte> memory, std::size_t at,
                        PackedTargets& packed) {
  PackedTargets::Target& facts = packed.targets.emplace_back();
  for (const auto& spectrum : target.spectra) {
    const auto ngood = std::count_if(spectrum.ivar.begin(), spectrum.ivar.end(), [](double ivar) { return ivar > 0; });
    if (ngood == 0) continue;
    const BandLayout& band = layout.bands[spectrum.band];
    pack_spectrum(spectrum, band, memory.data() + at);
    const Parts<std::byte> parts(band, memory.data() + at);
    for (std::size_t p = 0; p < parts.npadded; ++p) facts.flux_square += parts.scaled_flux[p] * parts.scaled_flux[p];
    facts.npixels += static_cast<int>(ngood);
    ++facts.nspectrum;
    packed.spectra.push_back({spectrum.band, spectrum.ndiag, at});
    at += spectrum_bytes(band, spectrum.ndiag);
  }
  return at;
}

std::vector<PackedTarget> unpack(const PackedTargets& packed, const PixelLayout& layout,
                                 std::span<const std::byte> memory) {
  std::vector<PackedTarget> targets;
  auto next = packed.spectra.begin();
  for (const PackedTargets::Target& facts : packed.targets) {
    PackedTarget& target = targets.emplace_back();
    target.npixels = facts.npixels;
    target.flux_square = facts.flux_square;
    for (int i = 0; i < facts.nspectrum; ++i, ++next) {
      const BandLayout& band = layout.bands[next->band];
      const Parts<const std::byte> parts(band, memory.data() + next->at);
      target.spectra.push_back({next->band, next->ndiag, band.nstrip, parts.root_ivar, parts.scaled_flux, parts.rows});
    }
  }
  return targets;
}

}  // namespace zspex::kernels::detail
