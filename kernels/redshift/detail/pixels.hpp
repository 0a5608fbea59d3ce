/// \file
/// The pixels of all bands: where they lie in the light, and where in memory.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/detail/rebin_on_host.hpp"

namespace zspex::kernels::detail {

struct Pixels {
  std::vector<std::vector<double>> wave;  ///< [nband][nwave] Angstrom
  PixelLayout layout;
  std::vector<double> centers,
      edges;  ///< [layout.row] of pixel q, and from edges[q] to edges[q + 1]; 0 between the bands

  Pixels(std::vector<std::vector<double>> grids, int max_ndiag)
      : wave(std::move(grids)), layout(wave, max_ndiag), centers(layout.row, 0.0), edges(layout.row, 0.0) {
    for (std::size_t band = 0; band < wave.size(); ++band) {
      const auto of_band = bin_edges(wave[band]);
      std::copy(wave[band].begin(), wave[band].end(), centers.begin() + layout.bands[band].first);
      std::copy(of_band.begin(), of_band.end(), edges.begin() + layout.bands[band].first);
    }
  }

  std::span<const double> band_edges(std::size_t band) const {
    return {&edges[static_cast<std::size_t>(layout.bands[band].first)], wave[band].size() + 1};
  }
  /// Whether a set of spectra, redshifted by any of [zmin, zmax], covers all bands.
  bool are_covered(const RebinTable& table, double zmin, double zmax) const {
    for (std::size_t band = 0; band < wave.size(); ++band)
      if (!table.covers(band_edges(band), zmin, zmax)) return false;
    return true;
  }
  /// A set of spectra at z, in the light that passes the intergalactic medium.
  ///   out  [nbasis][layout.row]; what lies between the bands stays as it is
  void rebin(const RebinTable& table, const Transmission& medium, double z, double* out) const {
    for (std::size_t band = 0; band < wave.size(); ++band) {
      const auto first = static_cast<std::size_t>(layout.bands[band].first);
      detail::rebin(table, band_edges(band), z, out + first, layout.row);
      absorb(medium, z, first, wave[band].size(), table.nbasis(), out + first, layout.row);
    }
  }
};

}  // namespace zspex::kernels::detail
