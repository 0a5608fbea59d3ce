/// \file
/// How pixels lie in memory: every band in strips of 16 pixels, padded with zeros, so that kernels have no edges.
#pragma once

#include <cstddef>
#include <vector>

namespace zspex::kernels::detail {

inline constexpr int strip_width = 16;  ///< pixels

inline constexpr int strips_of(int npixel) { return (npixel + strip_width - 1) / strip_width; }

/// Where a band lies in a row of a rebinned template.
struct BandLayout {
  int nwave = 0, nstrip = 0;
  int first = 0;  ///< of pixel 0; before it and after the last strip there are `halo` zeros
};

/// A row holds one basis vector on the pixels of all bands, one band after the other.
struct PixelLayout {
  std::vector<BandLayout> bands;
  int halo = 0;         ///< pixels, at least half of the widest resolution matrix
  std::size_t row = 0;  ///< values

  PixelLayout() = default;
  PixelLayout(const std::vector<std::vector<double>>& wave, int max_ndiag)
      : halo(strips_of(max_ndiag / 2) * strip_width) {
    for (const auto& grid : wave) {
      BandLayout band;
      band.nwave = static_cast<int>(grid.size());
      band.nstrip = strips_of(band.nwave);
      band.first = static_cast<int>(row) + halo;
      row = static_cast<std::size_t>(band.first + band.nstrip * strip_width + halo);
      bands.push_back(band);
    }
  }
};

}  // namespace zspex::kernels::detail
