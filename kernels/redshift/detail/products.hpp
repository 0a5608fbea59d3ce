/// \file
/// The two inner loops of a template fit: R x basis vectors, and the products of all pairs of columns. All else of a fit
/// costs little. On a host's core a call makes a block of pixels, vector by vector, in its caches; on a device one pixel,
/// and the block lies in the memory of the team.
/// Their operations are counted in operations.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include "kernels/base/simd.hpp"
#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/detail/solve_normal.hpp"

namespace zspex::kernels::detail {

inline constexpr int basis_group = 5;  ///< basis vectors that are convolved together, at most

/// How fits are cut into tiles.
template <class Exec, class Real>
struct FitTile {
  /// Pixels of a block: many, so that the sums of a target and redshift, which lie in a core's second-level cache as R
  /// does, are seldom fetched; or as many as go into a team's 40 KB.
  static constexpr int pixels = on_host<Exec> ? 384 : (sizeof(Real) == sizeof(float) ? 128 : 64);
  /// Targets that a load of a basis vector serves: as many as have their sums in registers.
  static constexpr int targets = on_host<Exec> ? (many_registers && sizeof(Real) == sizeof(float) ? 4 : 2)
                                               : (sizeof(Real) == sizeof(float) ? 4 : 1);
};

#ifdef __NVCC__
#pragma nv_exec_check_disable  // the host calls it with functions of its own
#endif
/// Calls f with n as a constant, 1 <= n <= Most.
template <int Most, class F>
KOKKOS_FORCEINLINE_FUNCTION void with_constant(int n, const F& f) {
  if constexpr (Most > 1)
    if (n < Most) return with_constant<Most - 1>(n, f);
  f(std::integral_constant<int, Most>{});
}

/// Rows of R times sqrt(ivar), of one target: made beforehand for a block, [npixel / strip_width][ndiag][strip_width].
template <class Exec, class Real>
struct WeightedRows {
  using S = Simd<Exec, Real>;
  const Real* rows;
  KOKKOS_FORCEINLINE_FUNCTION S weight(int) const { return S{}; }
  KOKKOS_FORCEINLINE_FUNCTION S load(std::size_t at, const S&) const { return pinned(simd_load<S>(rows + at)); }
};
/// The same, made when they are used.
template <class Exec, class Real>
struct RowsToWeigh {
  using S = Real;
  const float* rows;
  const double* root_ivar;
  KOKKOS_FORCEINLINE_FUNCTION S weight(int p) const { return static_cast<Real>(root_ivar[p]); }
  KOKKOS_FORCEINLINE_FUNCTION S load(std::size_t at, const S& weight) const {
    return static_cast<Real>(rows[at]) * weight;
  }
};
template <class Exec, class Real>
using Rows = std::conditional_t<on_host<Exec>, WeightedRows<Exec, Real>, RowsToWeigh<Exec, Real>>;

/// b[t][g][p] = sum_m R[t][p][m] T[g][p + m] for pixels p in [begin, end), for NT targets that share G basis vectors.
/// 2 ndiag G NT operations per pixel; a load of T serves NT targets, one of R serves G vectors.
///   t        basis vector 0 at the block's first pixel less ndiag / 2; the next vector is `trow` further on
///   b [NT]   the next vector is `brow` further on
template <class Exec, class Real, int G, int NT>
KOKKOS_FORCEINLINE_FUNCTION void convolve_group(const Rows<Exec, Real>* r, int begin, int end, int ndiag, const Real* t,
                                                std::size_t trow, Real* const* b, std::size_t brow) {
  using S = Simd<Exec, Real>;
  constexpr int width = simd_width<Exec, Real>, most_sums = many_registers ? 20 : 10;
  constexpr int nvec = strip_width / width >= 2 && 2 * NT * G <= most_sums && on_host<Exec> ? 2 : 1;  // side by side
  for (int at = begin; at < end; at += nvec * width) {
    const std::size_t row = row_index(at, 0, ndiag);
    S sum[NT][G][nvec], weight[NT];
    ZSPEX_UNROLL
    for (int it = 0; it < NT; ++it) {
      weight[it] = r[it].weight(at);
      ZSPEX_UNROLL
      for (int g = 0; g < G; ++g) ZSPEX_UNROLL
      for (int v = 0; v < nvec; ++v) sum[it][g][v] = S{};
    }
    for (int m = 0; m < ndiag; ++m) {
      S factor[NT][nvec];
      ZSPEX_UNROLL
      for (int it = 0; it < NT; ++it) ZSPEX_UNROLL
      for (int v = 0; v < nvec; ++v)
        factor[it][v] = r[it].load(row + static_cast<std::size_t>(m) * strip_width + v * width, weight[it]);
      ZSPEX_UNROLL
      for (int g = 0; g < G; ++g) ZSPEX_UNROLL
      for (int v = 0; v < nvec; ++v) {
        const S basis = pinned(simd_load<S>(t + g * trow + at + m + v * width));
        ZSPEX_UNROLL
        for (int it = 0; it < NT; ++it) sum[it][g][v] = fused(factor[it][v], basis, sum[it][g][v]);
      }
    }
    ZSPEX_UNROLL
    for (int it = 0; it < NT; ++it) ZSPEX_UNROLL
    for (int g = 0; g < G; ++g) ZSPEX_UNROLL
    for (int v = 0; v < nvec; ++v) simd_store(b[it] + g * brow + at + v * width, sum[it][g][v]);
  }
}

/// The same for n basis vectors, in groups.
template <class Exec, class Real, int NT>
KOKKOS_FORCEINLINE_FUNCTION void convolve_vectors(const Rows<Exec, Real>* r, int begin, int end, int ndiag,
                                                  const Real* t, std::size_t trow, int n, Real* const* b,
                                                  std::size_t brow) {
  const int ngroup = (n + basis_group - 1) / basis_group;
  for (int group = 0; group < ngroup; ++group) {
    const int first = n * group / ngroup, last = n * (group + 1) / ngroup;
    Real* to[NT];
    for (int it = 0; it < NT; ++it) to[it] = b[it] + first * brow;
    with_constant<basis_group>(last - first, [&](auto g) {
      convolve_group<Exec, Real, decltype(g)::value, NT>(r, begin, end, ndiag, t + first * trow, trow, to, brow);
    });
  }
}

/// Rows of R of a block, each times sqrt(ivar): [npixel / strip_width][ndiag][strip_width].
template <class Real>
inline void weigh_rows(int npixel, int ndiag, const float* from, const double* root_ivar, Real* to) {
  for (int p = 0; p < npixel; p += strip_width, root_ivar += strip_width) {
    Real weight[strip_width];
    for (int lane = 0; lane < strip_width; ++lane) weight[lane] = static_cast<Real>(root_ivar[lane]);
    for (int m = 0; m < ndiag; ++m, from += strip_width, to += strip_width)
      for (int lane = 0; lane < strip_width; ++lane) to[lane] = static_cast<Real>(from[lane]) * weight[lane];
  }
}

/// One sum of products, lane by lane, so that nothing is added across lanes before the last block.
template <class Exec>
struct alignas(Simd<Exec, double>) LaneSum {
  double lanes[simd_width<Exec, double>];
};

/// Where a core keeps the sum of the product of columns i >= j: from `first` on among all of them.
struct TriangleIndex {
  int ifirst, jfirst;
  KOKKOS_FORCEINLINE_FUNCTION constexpr int operator()(int i, int j) const {
    return product_index(ifirst + i, jfirst + j);
  }
};

/// And a thread of a device that of columns i and j of two sets, NJ in the second.
template <int NJ>
struct RectangleIndex {
  KOKKOS_FORCEINLINE_FUNCTION constexpr int operator()(int i, int j) const { return i * NJ + j; }
};

/// sums(i, j) += sum_p b[i][p] b[j][p] for i < NI, j <= i; pixels p = begin, begin + step, ... below npixel.
///   b      columns, `brow` values apart
///   index  which sum is that of (i, j)
template <class Exec, class Real, int NI, class SumIndex>
KOKKOS_FORCEINLINE_FUNCTION void multiply_triangle(const Real* b, std::size_t brow, int begin, int step, int npixel,
                                                   const SumIndex& index, LaneSum<Exec>* sums) {
  using S = Simd<Exec, double>;
  S sum[NI][NI];
  ZSPEX_UNROLL
  for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
  for (int j = 0; j <= i; ++j) sum[i][j] = simd_load<S>(sums[index(i, j)].lanes);
  for (int p = begin; p < npixel; p += step) {
    S column[NI];
    ZSPEX_UNROLL
    for (int i = 0; i < NI; ++i) column[i] = simd_load_double<S>(b + i * brow + p);
    ZSPEX_UNROLL
    for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
    for (int j = 0; j <= i; ++j) sum[i][j] = fused(column[i], column[j], sum[i][j]);
  }
  ZSPEX_UNROLL
  for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
  for (int j = 0; j <= i; ++j) simd_store(sums[index(i, j)].lanes, sum[i][j]);
}

/// The same for columns i < NI of `left` and j < NJ of `right`, apart from each other.
template <class Exec, class Real, int NI, int NJ, class SumIndex>
KOKKOS_FORCEINLINE_FUNCTION void multiply_rectangle(const Real* left, const Real* right, std::size_t brow, int begin,
                                                    int step, int npixel, const SumIndex& index, LaneSum<Exec>* sums) {
  using S = Simd<Exec, double>;
  S sum[NI][NJ];
  ZSPEX_UNROLL
  for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
  for (int j = 0; j < NJ; ++j) sum[i][j] = simd_load<S>(sums[index(i, j)].lanes);
  for (int p = begin; p < npixel; p += step) {
    S a[NI], b[NJ];
    ZSPEX_UNROLL
    for (int i = 0; i < NI; ++i) a[i] = simd_load_double<S>(left + i * brow + p);
    ZSPEX_UNROLL
    for (int j = 0; j < NJ; ++j) b[j] = simd_load_double<S>(right + j * brow + p);
    ZSPEX_UNROLL
    for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
    for (int j = 0; j < NJ; ++j) sum[i][j] = fused(a[i], b[j], sum[i][j]);
  }
  ZSPEX_UNROLL
  for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
  for (int j = 0; j < NJ; ++j) simd_store(sums[index(i, j)].lanes, sum[i][j]);
}

/// Columns whose products among each other, and with how many others, have their sums in a core's registers.
inline constexpr int most_columns = many_registers ? 6 : 4, most_others = many_registers ? 3 : 2;

/// All products of ncolumn columns, on a core: sums at product_index(i, j).
template <class Exec, class Real>
inline void multiply_all(const Real* b, std::size_t brow, int npixel, int ncolumn, LaneSum<Exec>* sums) {
  constexpr int step = simd_width<Exec, double>;
  const int ngroup = (ncolumn + most_columns - 1) / most_columns;
  for (int group = 0; group < ngroup; ++group) {
    const int first = ncolumn * group / ngroup, last = ncolumn * (group + 1) / ngroup;
    with_constant<most_columns>(last - first, [&](auto ni) {
      for (int j = 0; j < first; j += most_others)
        with_constant<most_others>(first - j < most_others ? first - j : most_others, [&](auto nj) {
          multiply_rectangle<Exec, Real, decltype(ni)::value, decltype(nj)::value>(
              b + first * brow, b + j * brow, brow, 0, step, npixel, TriangleIndex{first, j}, sums);
        });
      multiply_triangle<Exec, Real, decltype(ni)::value>(b + first * brow, brow, 0, step, npixel,
                                                         TriangleIndex{first, first}, sums);
    });
  }
}

}  // namespace zspex::kernels::detail
