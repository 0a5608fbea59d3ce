/// \file
/// The two inner loops of a template fit, over a block of pixels: R x basis vectors, and the products of all pairs of
/// columns. All else of a fit costs little.
#pragma once

#include <array>
#include <cstddef>

#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/detail/vec.hpp"

namespace zspex::kernels::detail {

inline constexpr int block_strips = 16;                          ///< strips of a block
inline constexpr int block_pixels = block_strips * strip_width;  ///< 256: the columns of two targets stay in L1
inline constexpr int most_beside = 2;                            ///< targets that a load of a basis vector serves
inline constexpr int column_group = 3;                           ///< columns are padded to a multiple of this

/// B[t][g][p] = sum_m R[t][p][m] T[g][p + m], for NT targets that share G basis vectors. 2 ndiag G NT flops a pixel;
/// a load of T serves NT targets, one of R serves G vectors.
///   r [NT]      [nstrip][ndiag][strip_width] rows of R, each times sqrt(ivar)
///   t           basis vector 0 at the block's first pixel less ndiag/2; the next vector is `trow` further on
///   b [NT]      [G][block_pixels], in double
template <class Real, int G, int NT>
inline void convolve_block(const std::array<const Real*, NT>& r, int nstrip, int ndiag, const Real* t, std::size_t trow,
                           const std::array<double*, NT>& b) {
  constexpr int width = vec_width<Real>;
  for (int at = 0; at < nstrip * strip_width; at += width) {
    const int inside = at % strip_width;
    const std::size_t rows = static_cast<std::size_t>(at / strip_width) * ndiag * strip_width + inside;
    Vec<Real> sum[NT][G];
    for (int it = 0; it < NT; ++it)
      for (int g = 0; g < G; ++g) sum[it][g] = Vec<Real>{};
    for (int m = 0; m < ndiag; ++m) {
      Vec<Real> factor[NT];
      for (int it = 0; it < NT; ++it) factor[it] = load_vec(r[it] + rows + static_cast<std::size_t>(m) * strip_width);
      for (int g = 0; g < G; ++g) {
        const Vec<Real> basis = load_vec(t + g * trow + at + m);
        for (int it = 0; it < NT; ++it) sum[it][g] += factor[it] * basis;
      }
    }
    for (int it = 0; it < NT; ++it)
      for (int g = 0; g < G; ++g) store_as_double(b[it] + g * block_pixels + at, sum[it][g]);
  }
}

/// All basis vectors of a block, in groups of at most five: ten sums, two factors and a vector fit the registers.
template <class Real, int NT>
inline void convolve_columns(const std::array<const Real*, NT>& r, int nstrip, int ndiag, const Real* t,
                             std::size_t trow, int nbasis, const std::array<double*, NT>& b) {
  const int ngroup = (nbasis + 4) / 5;
  int first = 0;
  for (int igroup = 0; igroup < ngroup; ++igroup) {
    const int last = nbasis * (igroup + 1) / ngroup;
    std::array<double*, NT> to;
    for (int it = 0; it < NT; ++it) to[it] = b[it] + first * block_pixels;
    const Real* from = t + first * trow;
    switch (last - first) {
      case 1:
        convolve_block<Real, 1, NT>(r, nstrip, ndiag, from, trow, to);
        break;
      case 2:
        convolve_block<Real, 2, NT>(r, nstrip, ndiag, from, trow, to);
        break;
      case 3:
        convolve_block<Real, 3, NT>(r, nstrip, ndiag, from, trow, to);
        break;
      case 4:
        convolve_block<Real, 4, NT>(r, nstrip, ndiag, from, trow, to);
        break;
      default:
        convolve_block<Real, 5, NT>(r, nstrip, ndiag, from, trow, to);
        break;
    }
    first = last;
  }
}

/// products[i][j] += sum_p b[i][p] b[j][p] for j <= i, in tiles of 3 x 3.
///   b         [ncolumn][block_pixels]
///   products  [ncolumn][ncolumn], ncolumn a multiple of column_group
inline void add_products(const double* b, int npixel, int ncolumn, double* products) {
  constexpr int width = vec_width<double>, group = column_group;
  for (int i = 0; i < ncolumn; i += group) {
    for (int j = 0; j < i; j += group) {
      Vec<double> sum[group][group];
      for (auto& row : sum)
        for (auto& one : row) one = Vec<double>{};
      for (int p = 0; p < npixel; p += width) {
        Vec<double> left[group], right[group];
        for (int g = 0; g < group; ++g) {
          left[g] = load_vec(b + (i + g) * block_pixels + p);
          right[g] = load_vec(b + (j + g) * block_pixels + p);
        }
        for (int gi = 0; gi < group; ++gi)
          for (int gj = 0; gj < group; ++gj) sum[gi][gj] += left[gi] * right[gj];
      }
      for (int gi = 0; gi < group; ++gi)
        for (int gj = 0; gj < group; ++gj) products[(i + gi) * ncolumn + j + gj] += lane_total(sum[gi][gj]);
    }
    Vec<double> sum[group][group];
    for (auto& row : sum)
      for (auto& one : row) one = Vec<double>{};
    for (int p = 0; p < npixel; p += width) {
      Vec<double> left[group];
      for (int g = 0; g < group; ++g) left[g] = load_vec(b + (i + g) * block_pixels + p);
      for (int gi = 0; gi < group; ++gi)
        for (int gj = 0; gj <= gi; ++gj) sum[gi][gj] += left[gi] * left[gj];
    }
    for (int gi = 0; gi < group; ++gi)
      for (int gj = 0; gj <= gi; ++gj) products[(i + gi) * ncolumn + i + gj] += lane_total(sum[gi][gj]);
  }
}

}  // namespace zspex::kernels::detail
