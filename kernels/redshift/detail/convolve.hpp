/// \file
/// The first half of a scan by itself, on the host, for when the two halves are made by two backends. The same
/// operations in the same order as in SumProducts, which makes both while a block's columns are in cache.
#pragma once

#include <vector>

#include "kernels/redshift/detail/products.hpp"
#include "kernels/redshift/detail/rebin.hpp"
#include "kernels/redshift/detail/spectra.hpp"

namespace zspex::kernels::detail {

/// sqrt(ivar) R x basis vectors of one target.
///   columns  [nz][nbasis][npixel of all its spectra]
template <class Real>
void convolve_target(const Spectra<Host>& spectra, std::size_t itarget, const PixelLayout& layout,
                     const ConstSlice<Host, Real>& slice, Real* columns) {
  const TargetSpectra& target = spectra.targets(itarget);
  const int nz = slice.extent_int(0), nbasis = slice.extent_int(1);
  std::vector<Real> weighted;
  for (const Block& block : blocks_of(layout, FitTile<Host, Real>::pixels)) {
    std::size_t at = static_cast<std::size_t>(block.first);
    for (int is = target.first; is < target.last; ++is) {
      const Spectrum& s = spectra.spectra(is);
      if (s.band == block.band) {
        weighted.resize(static_cast<std::size_t>(block.npixel) * s.ndiag);
        weigh_rows(block.npixel, s.ndiag, spectra.resolution(s) + row_index(block.first, 0, s.ndiag),
                   spectra.weights(s) + block.first, weighted.data());
        const Rows<Host, Real> rows{weighted.data()};
        for (int iz = 0; iz < nz; ++iz) {
          Real* to = columns + static_cast<std::size_t>(iz) * nbasis * target.npixel + at;
          convolve_vectors<Host, Real, 1>(&rows, 0, block.npixel, s.ndiag,
                                          &slice(iz, 0, s.first + block.first - s.ndiag / 2), slice.extent(2), nbasis,
                                          &to, static_cast<std::size_t>(target.npixel));
        }
      }
      at += static_cast<std::size_t>(s.npixel);
    }
  }
}

}  // namespace zspex::kernels::detail
