/// \file
/// How pixels lie in memory: every band in strips of 16 pixels, padded with zeros, so that kernels have no edges.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/base/kokkos.hpp"

namespace zspex::kernels::detail {

inline constexpr int strip_width = 16;  ///< pixels

inline constexpr int strips_of(int npixel) { return (npixel + strip_width - 1) / strip_width; }

/// Where element m of row p of a resolution matrix lies in its spectrum's rows, [nstrip][ndiag][strip_width]; it multiplies
/// pixel p + m - ndiag / 2.
KOKKOS_FORCEINLINE_FUNCTION constexpr std::size_t row_index(int p, int m, int ndiag) {
  return (static_cast<std::size_t>(p / strip_width) * ndiag + m) * strip_width + p % strip_width;
}

/// Where a band lies in a row of a rebinned template.
struct BandLayout {
  int nwave = 0, nstrip = 0;
  int first = 0;  ///< of pixel 0; before it and after the last strip there are `halo` zeros
};

/// A row holds one basis vector on the pixels of all bands, one band after the other.
struct PixelLayout {
  std::vector<BandLayout> bands;
  int halo = 0;         ///< pixels: one for a band's last edge, or half of the widest resolution matrix
  std::size_t row = 0;  ///< values

  PixelLayout() = default;
  PixelLayout(const std::vector<std::vector<double>>& wave, int max_ndiag)
      : halo(strips_of(std::max(1, max_ndiag / 2)) * strip_width) {
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

/// Pixels [first, first + n) of a row, all of one band.
struct PixelRun {
  int first = 0, n = 0;
};

/// Runs of at most `most` pixels that make up all bands.
inline std::vector<PixelRun> pixel_runs(const PixelLayout& layout, int most) {
  std::vector<PixelRun> runs;
  for (const BandLayout& band : layout.bands)
    for (int first = 0; first < band.nwave; first += most)
      runs.push_back({band.first + first, std::min(most, band.nwave - first)});
  return runs;
}

/// A block of pixels of one band, whole strips.
struct Block {
  int band = 0, first = 0, npixel = 0;
};

/// All blocks of at most `most` pixels, in the order in which targets are summed, whatever is fitted beside.
inline std::vector<Block> blocks_of(const PixelLayout& layout, int most) {
  std::vector<Block> blocks;
  for (int band = 0; band < static_cast<int>(layout.bands.size()); ++band) {
    const int npixel = layout.bands[static_cast<std::size_t>(band)].nstrip * strip_width;
    for (int first = 0; first < npixel; first += most) blocks.push_back({band, first, std::min(most, npixel - first)});
  }
  return blocks;
}

}  // namespace zspex::kernels::detail
