/// \file
/// Linear fits of basis vectors to targets at many redshifts: products summed block by block, then one small solve each.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/redshift/detail/block.hpp"
#include "kernels/redshift/detail/normal_fit.hpp"
#include "kernels/redshift/detail/packed.hpp"

namespace zspex::kernels::detail {

/// What a fit of NT targets needs beside its inputs and sums.
template <class Real, int NT>
struct FitRoom {
  std::vector<Real> rows[NT];     ///< [block_strips][ndiag][strip_width] a target: sqrt(ivar) R
  std::vector<Real> columns[NT];  ///< [nbasis + 1][block_pixels]

  FitRoom(int nbasis, int max_ndiag) {
    for (auto& r : rows) r.resize(static_cast<std::size_t>(block_pixels) * max_ndiag);
    for (auto& c : columns) c.resize(static_cast<std::size_t>(nbasis + 1) * block_pixels);
  }
};

/// A block of pixels of one band.
struct Block {
  int band, strip, nstrip;
};

/// All blocks, in the order in which targets are summed, whatever is fitted beside.
inline std::vector<Block> blocks_of(const PixelLayout& layout) {
  std::vector<Block> blocks;
  for (int band = 0; band < static_cast<int>(layout.bands.size()); ++band)
    for (int strip = 0; strip < layout.bands[band].nstrip; strip += block_strips)
      blocks.push_back({band, strip, std::min(block_strips, layout.bands[band].nstrip - strip)});
  return blocks;
}

/// Rows of R of a block, each times its pixel's sqrt(ivar): [block.nstrip][ndiag][strip_width].
template <class Real>
inline void weigh_rows(const Block& block, const PackedSpectrum& spectrum, Real* to) {
  const std::size_t pixel = static_cast<std::size_t>(block.strip) * strip_width;
  const float* from = spectrum.rows + pixel * spectrum.ndiag;
  const double* root_ivar = spectrum.root_ivar + pixel;
  for (int strip = 0; strip < block.nstrip; ++strip, root_ivar += strip_width) {
    Real weight[strip_width];
    for (int lane = 0; lane < strip_width; ++lane) weight[lane] = static_cast<Real>(root_ivar[lane]);
    for (int m = 0; m < spectrum.ndiag; ++m, from += strip_width, to += strip_width)
      for (int lane = 0; lane < strip_width; ++lane) to[lane] = static_cast<Real>(from[lane]) * weight[lane];
  }
}

/// Adds one block's pixels of NT targets of one shape to their sums at nz redshifts.
///   templates  [nz][nbasis][layout.row]
///   sums       [NT][nz][products_of(nbasis)]
template <class Real, int NT>
void add_block(const Block& block, const std::array<const PackedTarget*, NT>& targets, const PixelLayout& layout,
               const Real* templates, int nz, int nbasis, FitRoom<Real, NT>& room, LaneSum* sums) {
  const int npixel = block.nstrip * strip_width;
  const std::size_t pixel = static_cast<std::size_t>(block.strip) * strip_width, nsum = products_of(nbasis);
  std::array<const Real*, NT> rows;
  std::array<Real*, NT> columns;
  for (std::size_t is = 0; is < targets[0]->spectra.size(); ++is) {
    const PackedSpectrum& shape = targets[0]->spectra[is];
    if (shape.band != block.band) continue;
    for (int it = 0; it < NT; ++it) {
      const PackedSpectrum& spectrum = targets[it]->spectra[is];
      weigh_rows(block, spectrum, room.rows[it].data());
      rows[it] = room.rows[it].data();
      columns[it] = room.columns[it].data();
      for (int p = 0; p < npixel; ++p)
        columns[it][nbasis * block_pixels + p] = static_cast<Real>(spectrum.scaled_flux[pixel + p]);
    }
    const Real* from = templates + layout.bands[block.band].first + pixel - shape.ndiag / 2;
    for (int iz = 0; iz < nz; ++iz) {
      convolve_columns<Real, NT>(rows, block.nstrip, shape.ndiag, from + iz * nbasis * layout.row, layout.row, nbasis,
                                 columns);
      for (int it = 0; it < NT; ++it)
        add_products(columns[it], npixel, nbasis + 1, sums + (static_cast<std::size_t>(it) * nz + iz) * nsum);
    }
  }
}

/// chi^2 = sum of ivar (flux - R T c)^2, from the residuals themselves.
///   basis  [nbasis][layout.row]
template <class Real>
double direct_chi2(const PackedTarget& target, const PixelLayout& layout, const Real* basis, int nbasis,
                   const double* coeff) {
  double chi2 = 0;
  std::vector<double> model;
  for (const PackedSpectrum& spectrum : target.spectra) {
    const BandLayout& band = layout.bands[spectrum.band];
    const int half = spectrum.ndiag / 2, npixel = spectrum.nstrip * strip_width;
    model.assign(static_cast<std::size_t>(npixel) + 2 * half, 0.0);
    for (int b = 0; b < nbasis; ++b) {
      const Real* from = basis + b * layout.row + band.first - half;
      for (std::size_t p = 0; p < model.size(); ++p) model[p] = fused(coeff[b], static_cast<double>(from[p]), model[p]);
    }
    for (int p = 0; p < npixel; ++p) {
      const float* row =
          spectrum.rows + static_cast<std::size_t>(p / strip_width) * spectrum.ndiag * strip_width + p % strip_width;
      double value = 0;
      for (int m = 0; m < spectrum.ndiag; ++m)
        value = fused(static_cast<double>(row[m * strip_width]), model[p + m], value);
      const double pull = fused(-spectrum.root_ivar[p], value, spectrum.scaled_flux[p]);
      chi2 = fused(pull, pull, chi2);
    }
  }
  return chi2;
}

/// The fit of one target at one redshift, from its sums.
///   coeff  [nbasis], 0 when not solved
inline LinearFit solve_fit(FitMethod method, int nbasis, const LaneSum* sums, double* coeff) {
  std::array<double, products_of(most_unknowns)> products;
  for (int k = 0; k < products_of(nbasis); ++k) products[k] = lane_total(load_vec(sums[k].data()));
  const bool nonnegative = method == FitMethod::nmf;
  return nbasis <= few_unknowns ? solve_normal<few_unknowns>(nonnegative, nbasis, products.data(), coeff)
                                : solve_normal<most_unknowns>(nonnegative, nbasis, products.data(), coeff);
}

}  // namespace zspex::kernels::detail
