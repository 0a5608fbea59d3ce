// The two halves of a scan by themselves, for when they are made at two places. The same operations in the same order as
// add_block(), which makes both while a block's columns are in cache.
#include "kernels/redshift/detail/engine.hpp"

namespace zspex::kernels::detail {
namespace {

/// Calls f(block, spectrum, its pixels in the target's columns) in the order in which targets are summed.
template <class F>
void for_blocks(const std::vector<Block>& blocks, const PackedTarget& target, const F& f) {
  for (const Block& block : blocks) {
    std::size_t at = static_cast<std::size_t>(block.strip) * strip_width;
    for (const PackedSpectrum& spectrum : target.spectra) {
      if (spectrum.band == block.band) f(block, spectrum, at);
      at += static_cast<std::size_t>(spectrum.npixel());
    }
  }
}

}  // namespace

template <class Real>
void Engine::convolve(const PackedTarget& target, int itemplate, int nz, const Real* slice, Real* columns) const {
  const int nbasis = templates_[itemplate].nbasis();
  const std::size_t ncolumn = target.column_size();
  FitRoom<Real, 1> room(nbasis, settings_.max_ndiag);
  for_blocks(blocks_, target, [&](const Block& block, const PackedSpectrum& spectrum, std::size_t at) {
    const std::size_t pixel = static_cast<std::size_t>(block.strip) * strip_width;
    weigh_rows(block, spectrum, room.rows[0].data());
    const Real* from = slice + layout_.bands[block.band].first + pixel - spectrum.ndiag / 2;
    for (int iz = 0; iz < nz; ++iz) {
      convolve_columns<Real, 1>({room.rows[0].data()}, block.nstrip, spectrum.ndiag, from + iz * nbasis * layout_.row,
                                layout_.row, nbasis, {room.columns[0].data()});
      for (int b = 0; b < nbasis; ++b)
        std::copy_n(room.columns[0].data() + b * block_pixels, block.nstrip * strip_width,
                    columns + (static_cast<std::size_t>(iz) * nbasis + b) * ncolumn + at);
    }
  });
}

template <class Real>
void Engine::fit_columns(const PackedTarget& target, std::size_t index, int itemplate, int first, int nz,
                         const Real* slice, const Real* columns, const ScanRows& rows) const {
  const int nbasis = templates_[itemplate].nbasis(), nsum = products_of(nbasis);
  const std::size_t ncolumn = target.column_size();
  std::vector<LaneSum> sums(static_cast<std::size_t>(nz) * nsum, LaneSum{});
  std::vector<Real> block_columns(static_cast<std::size_t>(nbasis + 1) * block_pixels);
  for_blocks(blocks_, target, [&](const Block& block, const PackedSpectrum& spectrum, std::size_t at) {
    const int npixel = block.nstrip * strip_width;
    const double* flux = spectrum.scaled_flux + static_cast<std::size_t>(block.strip) * strip_width;
    for (int p = 0; p < npixel; ++p) block_columns[nbasis * block_pixels + p] = static_cast<Real>(flux[p]);
    for (int iz = 0; iz < nz; ++iz) {
      for (int b = 0; b < nbasis; ++b)
        std::copy_n(columns + (static_cast<std::size_t>(iz) * nbasis + b) * ncolumn + at, npixel,
                    block_columns.data() + b * block_pixels);
      add_products(block_columns.data(), npixel, nbasis + 1, sums.data() + iz * nsum);
    }
  });
  store_fits(target, index, sums.data(), itemplate, first, nz, slice, rows);
}

template void Engine::convolve<float>(const PackedTarget&, int, int, const float*, float*) const;
template void Engine::convolve<double>(const PackedTarget&, int, int, const double*, double*) const;
template void Engine::fit_columns<float>(const PackedTarget&, std::size_t, int, int, int, const float*, const float*,
                                         const ScanRows&) const;
template void Engine::fit_columns<double>(const PackedTarget&, std::size_t, int, int, int, const double*, const double*,
                                          const ScanRows&) const;

}  // namespace zspex::kernels::detail
