/// \file
/// The two inner loops of a template fit, over a block of pixels: R x basis vectors, and the products of all pairs of
/// columns. All else of a fit costs little.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/detail/normal_fit.hpp"
#include "kernels/redshift/detail/vec.hpp"

namespace zspex::kernels::detail {

inline constexpr int block_strips = 8;                           ///< strips of a block
inline constexpr int block_pixels = block_strips * strip_width;  ///< 128: what a block needs stays in L1
inline constexpr int basis_group = 5;                            ///< basis vectors that are convolved together, at most

/// Targets that a load of a basis vector serves: as many as have their sums in registers and their R in L1.
template <class Real>
inline constexpr int most_beside = many_registers && sizeof(Real) == sizeof(float) ? 4 : 2;

/// B[t][g][p] = sum_m R[t][p][m] T[g][p + m], for NT targets that share G basis vectors. 2 ndiag G NT flops a pixel;
/// a load of T serves NT targets, one of R serves G vectors.
///   r [NT]      [nstrip][ndiag][strip_width] rows of R, each times sqrt(ivar)
///   t           basis vector 0 at the block's first pixel less ndiag/2; the next vector is `trow` further on
///   b [NT]      [G][block_pixels]
template <class Real, int G, int NT>
inline void convolve_block(const std::array<const Real*, NT>& r, int nstrip, int ndiag, const Real* t, std::size_t trow,
                           const std::array<Real*, NT>& b) {
  constexpr int width = vec_width<Real>, most_sums = many_registers ? 20 : 10;
  constexpr int nvec = strip_width / width >= 2 && 2 * NT * G <= most_sums ? 2 : 1;  // side by side
  for (int at = 0; at < nstrip * strip_width; at += nvec * width) {
    const std::size_t rows = static_cast<std::size_t>(at / strip_width) * ndiag * strip_width + at % strip_width;
    Vec<Real> sum[NT][G][nvec];
    ZSPEX_UNROLL
    for (int it = 0; it < NT; ++it) ZSPEX_UNROLL
    for (int g = 0; g < G; ++g) ZSPEX_UNROLL
    for (int v = 0; v < nvec; ++v) sum[it][g][v] = Vec<Real>{};
    for (int m = 0; m < ndiag; ++m) {
      Vec<Real> factor[NT][nvec];
      ZSPEX_UNROLL
      for (int it = 0; it < NT; ++it) ZSPEX_UNROLL
      for (int v = 0; v < nvec; ++v)
        factor[it][v] = pinned(load_vec(r[it] + rows + static_cast<std::size_t>(m) * strip_width + v * width));
      ZSPEX_UNROLL
      for (int g = 0; g < G; ++g) ZSPEX_UNROLL
      for (int v = 0; v < nvec; ++v) {
        const Vec<Real> basis = pinned(load_vec(t + g * trow + at + m + v * width));
        ZSPEX_UNROLL
        for (int it = 0; it < NT; ++it) sum[it][g][v] = fused(factor[it][v], basis, sum[it][g][v]);
      }
    }
    ZSPEX_UNROLL
    for (int it = 0; it < NT; ++it) ZSPEX_UNROLL
    for (int g = 0; g < G; ++g) ZSPEX_UNROLL
    for (int v = 0; v < nvec; ++v) store_vec(b[it] + g * block_pixels + at + v * width, sum[it][g][v]);
  }
}

/// Calls f with n as a constant, 1 <= n <= Most.
template <int Most, class F>
inline void with_constant(int n, const F& f) {
  if constexpr (Most > 1)
    if (n < Most) return with_constant<Most - 1>(n, f);
  f(std::integral_constant<int, Most>{});
}

/// All basis vectors of a block, in groups.
template <class Real, int NT>
inline void convolve_columns(const std::array<const Real*, NT>& r, int nstrip, int ndiag, const Real* t,
                             std::size_t trow, int nbasis, const std::array<Real*, NT>& b) {
  const int ngroup = (nbasis + basis_group - 1) / basis_group;
  for (int group = 0; group < ngroup; ++group) {
    const int first = nbasis * group / ngroup, last = nbasis * (group + 1) / ngroup;
    std::array<Real*, NT> to;
    for (int it = 0; it < NT; ++it) to[it] = b[it] + first * block_pixels;
    with_constant<basis_group>(last - first, [&](auto g) {
      convolve_block<Real, decltype(g)::value, NT>(r, nstrip, ndiag, t + first * trow, trow, to);
    });
  }
}

/// One sum of products, lane by lane, so that nothing is added across lanes before the last block.
using LaneSum = std::array<double, vec_width<double>>;

/// Columns whose products among each other, and with how many others, have their sums in registers.
inline constexpr int most_columns = many_registers ? 6 : 4, most_others = many_registers ? 3 : 2;

/// products(i, j) += sum_p b[i][p] b[j][p] for the columns i in [first, first + NI), j <= i of the same range.
template <class Real, int NI>
inline void multiply_triangle(const Real* b, int npixel, int first, LaneSum* products) {
  Vec<double> sum[NI][NI];
  ZSPEX_UNROLL
  for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
  for (int j = 0; j <= i; ++j) sum[i][j] = load_vec(products[product_index(first + i, first + j)].data());
  for (int p = 0; p < npixel; p += vec_width<double>) {
    Vec<double> column[NI];
    ZSPEX_UNROLL
    for (int i = 0; i < NI; ++i) column[i] = load_as_double(b + (first + i) * block_pixels + p);
    ZSPEX_UNROLL
    for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
    for (int j = 0; j <= i; ++j) sum[i][j] = fused(column[i], column[j], sum[i][j]);
  }
  ZSPEX_UNROLL
  for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
  for (int j = 0; j <= i; ++j) store_vec(products[product_index(first + i, first + j)].data(), sum[i][j]);
}

/// The same for i in [ifirst, ifirst + NI), j in [jfirst, jfirst + NJ), apart from each other.
template <class Real, int NI, int NJ>
inline void multiply_rectangle(const Real* b, int npixel, int ifirst, int jfirst, LaneSum* products) {
  Vec<double> sum[NI][NJ];
  ZSPEX_UNROLL
  for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
  for (int j = 0; j < NJ; ++j) sum[i][j] = load_vec(products[product_index(ifirst + i, jfirst + j)].data());
  for (int p = 0; p < npixel; p += vec_width<double>) {
    Vec<double> left[NI], right[NJ];
    ZSPEX_UNROLL
    for (int i = 0; i < NI; ++i) left[i] = load_as_double(b + (ifirst + i) * block_pixels + p);
    ZSPEX_UNROLL
    for (int j = 0; j < NJ; ++j) right[j] = load_as_double(b + (jfirst + j) * block_pixels + p);
    ZSPEX_UNROLL
    for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
    for (int j = 0; j < NJ; ++j) sum[i][j] = fused(left[i], right[j], sum[i][j]);
  }
  ZSPEX_UNROLL
  for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
  for (int j = 0; j < NJ; ++j) store_vec(products[product_index(ifirst + i, jfirst + j)].data(), sum[i][j]);
}

/// products(i, j) += sum_p b[i][p] b[j][p] for all j <= i.
///   b         [ncolumn][block_pixels]
///   products  [ncolumn * (ncolumn + 1) / 2]
template <class Real>
inline void add_products(const Real* b, int npixel, int ncolumn, LaneSum* products) {
  const int ngroup = (ncolumn + most_columns - 1) / most_columns;
  for (int group = 0; group < ngroup; ++group) {
    const int first = ncolumn * group / ngroup, last = ncolumn * (group + 1) / ngroup;
    with_constant<most_columns>(last - first, [&](auto ni) {
      for (int j = 0; j < first; j += most_others)
        with_constant<most_others>(std::min(first - j, most_others), [&](auto nj) {
          multiply_rectangle<Real, decltype(ni)::value, decltype(nj)::value>(b, npixel, first, j, products);
        });
      multiply_triangle<Real, decltype(ni)::value>(b, npixel, first, products);
    });
  }
}

}  // namespace zspex::kernels::detail
