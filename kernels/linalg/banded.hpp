/// \file
/// Banded symmetric positive definite systems of n unknowns and half-bandwidth b, by one team. A lower band is kept by
/// columns: band[j * ld + d] = A(j + d, j), 0 <= d <= b, ld >= b + cholesky_panel. Kokkos Kernels (4.7) has no such
/// solver for a team; its SerialPbtrf is for one thread, and wrong beyond one off-diagonal where rows are kept
/// together.
#pragma once

#include "kernels/base/simd.hpp"

namespace zspex::kernels {

/// Columns that banded_cholesky() eliminates together: a trailing column is then loaded and stored once for four
/// updates.
inline constexpr int cholesky_panel = 4;

namespace detail {

/// Columns that a thread of the host updates together, where a band is wide enough: what it reads of the panel then
/// serves them all (180 diagonals: 22 % less time; 50: none).
template <class Exec>
inline constexpr int update_tile = !on_host<Exec>   ? 1
                                   : many_registers ? 4
                                                    : 2;
inline constexpr int wide_band = 100;

/// A(i, k) -= sum of L(i, j + q) L(k, j + q) over the panel's columns, for update_tile columns k from `first` on and
/// rows k <= i < end, on the host. Element (i, j + q) is column[q][i].
template <class Exec>
KOKKOS_INLINE_FUNCTION void update_columns(double* band, int ld, double* const* column, int first, int end) {
  using S = Simd<Exec>;
  constexpr int tile = update_tile<Exec>, width = simd_width<Exec>;
  const double *const c0 = column[0], *const c1 = column[1], *const c2 = column[2], *const c3 = column[3];
  const auto update = [=](int k, int from, int to) {
    double* const target = band + static_cast<std::size_t>(k) * ld - k;
    const double f0 = c0[k], f1 = c1[k], f2 = c2[k], f3 = c3[k];
    for (int i = from; i < to; ++i) target[i] -= fused(f0, c0[i], f1 * c1[i]) + fused(f2, c2[i], f3 * c3[i]);
  };
  if (first + tile > end) {
    for (int k = first; k < end; ++k) update(k, k, end);
    return;
  }
  const int all = first + tile - 1;  // the first row that all columns have
  const int last = all + (end - all) / width * width;
  double* target[tile];
  S factor[tile][cholesky_panel];
  ZSPEX_UNROLL
  for (int q = 0; q < tile; ++q) {
    update(first + q, first + q, all);
    update(first + q, last, end);
    target[q] = band + static_cast<std::size_t>(first + q) * ld - (first + q);
    ZSPEX_UNROLL
    for (int p = 0; p < cholesky_panel; ++p) factor[q][p] = pinned(simd_fill<S>(column[p][first + q]));
  }
  for (int i = all; i < last; i += width) {
    const S l0 = pinned(simd_load<S>(c0 + i)), l1 = pinned(simd_load<S>(c1 + i)), l2 = pinned(simd_load<S>(c2 + i)),
            l3 = pinned(simd_load<S>(c3 + i));
    ZSPEX_UNROLL
    for (int q = 0; q < tile; ++q) {
      const S(&f)[cholesky_panel] = factor[q];
      simd_store<S>(target[q] + i,
                    simd_load<S>(target[q] + i) - (fused(f[0], l0, f[1] * l1) + fused(f[2], l2, f[3] * l3)));
    }
  }
}

}  // namespace detail

/// Cholesky factorization A = L L^T in place; L takes the place of A. What lies below the band or below the last row is
/// set to zero.
///   band [n][ld]  ld >= b + cholesky_panel
/// \return 0, or 1 + the first column whose pivot is not positive and below 1e300; the same on all threads. Ends with a
/// barrier. Operations: n b^2.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION int banded_cholesky(const Member& team, double* band, int n, int b, int ld) {
  Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 0, n), [=](int j) {
    const int last = b < n - 1 - j ? b : n - 1 - j;
    for (int d = last + 1; d < ld; ++d) band[static_cast<std::size_t>(j) * ld + d] = 0;
  });
  team.team_barrier();
  constexpr int panel = cholesky_panel;
  for (int j = 0; j < n; j += panel) {
    const int width = panel < n - j ? panel : n - j;
    const int end = j + width - 1 + b + 1 < n ? j + width - 1 + b + 1 : n;  // rows that the panel reaches
    // element (i, j + q) is column[q][i]
    double* column[panel];
    for (int q = 0; q < panel; ++q) column[q] = band + static_cast<std::size_t>(j + q) * ld - (j + q);
    for (int q = 0; q < width; ++q) {
      double* const mine = column[q];
      const int stop = j + q + b + 1 < n ? j + q + b + 1 : n;
      for (int p = 0; p < q; ++p) {
        const double* const earlier = column[p];
        const double factor = earlier[j + q];
        team_for(team, j + q, stop, [=](int i) {
          mine[i] = fused(-factor, earlier[i], mine[i]);
        });  // zero beyond the earlier column's band
        team.team_barrier();
      }
      const double pivot = mine[j + q];
      if (!(pivot > 0) || !(pivot < 1e300)) return 1 + j + q;
      const double root = math::sqrt(pivot), inverse = 1 / root;
      team.team_barrier();
      team_for(team, j + q, stop, [=](int i) { mine[i] = i == j + q ? root : mine[i] * inverse; });
      team.team_barrier();
    }
    if (width < panel) break;  // these were the last columns
    if (b >= detail::wide_band && detail::update_tile < Exec >> 1) {
      constexpr int tile = detail::update_tile<Exec>;
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 0, (end - j - panel + tile - 1) / tile),
                           [=](int t) { detail::update_columns<Exec>(band, ld, column, j + panel + t * tile, end); });
    } else {
      const double *const c0 = column[0], *const c1 = column[1], *const c2 = column[2], *const c3 = column[3];
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, j + panel, end), [=](int k) {
        double* const target = band + static_cast<std::size_t>(k) * ld - k;
        const double f0 = c0[k], f1 = c1[k], f2 = c2[k], f3 = c3[k];
        Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, k, end),
                             [=](int i) { target[i] -= fused(f0, c0[i], f1 * c1[i]) + fused(f2, c2[i], f3 * c3[i]); });
      });
    }
    team.team_barrier();
  }
  return 0;
}

/// The factor by rows, scaled for forward substitution: rows[i * ld + d] = L(i, i - d) / L(i, i) for 1 <= d <= b,
/// rows[i * ld] = 1 / L(i, i). Zero where i - d < 0, for b < d < ld, and in rows n ... nrow - 1.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void banded_rows(const Member& team, const double* band, int n, int nrow, int b, int ld,
                                        double* rows) {
  Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 0, nrow), [=](int i) {
    double* const row = rows + static_cast<std::size_t>(i) * ld;
    const double inverse = i < n ? 1 / band[static_cast<std::size_t>(i) * ld] : 0.0;
    Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, 0, ld), [=](int d) {
      double value = 0;
      if (i < n && d <= b && d <= i)
        value = d == 0 ? inverse : band[static_cast<std::size_t>(i - d) * ld + d] * inverse;
      row[d] = value;
    });
  });
  team.team_barrier();
}

/// Solves L L^T x = y in place: x [n] holds y before. One team; every thread follows the recurrence, strips of a column
/// are updated by their owners. Ends with a barrier. Operations: 4 n b.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void banded_solve(const Member& team, const double* band, int n, int b, int ld, double* x) {
  for (int j = 0; j < n; ++j) {
    const double* const column = band + static_cast<std::size_t>(j) * ld;
    const double value = x[j] / column[0];
    team.team_barrier();
    const int below = b < n - 1 - j ? b : n - 1 - j;
    team_for(team, 0, below + 1, [=](int d) { x[j + d] = d == 0 ? value : fused(-column[d], value, x[j + d]); });
    team.team_barrier();
  }
  // Backwards by columns of L^T would need the factor by rows; the sum over a column has a fixed order instead.
  for (int j = n - 1; j >= 0; --j) {
    const double* const column = band + static_cast<std::size_t>(j) * ld;
    const int below = b < n - 1 - j ? b : n - 1 - j;
    using L = Simd<Exec>;
    L sum = simd_fill<L>(0.0);
    int d = 1;
    for (; d + simd_width<Exec> - 1 <= below; d += simd_width<Exec>)
      sum = fused(simd_load<L>(column + d), simd_load<L>(x + j + d), sum);
    double tail = simd_sum(sum);
    for (; d <= below; ++d) tail = fused(column[d], x[j + d], tail);
    const double value = (x[j] - tail) / column[0];
    team.team_barrier();
    Kokkos::single(Kokkos::PerTeam(team), [=]() { x[j] = value; });
    team.team_barrier();
  }
}

}  // namespace zspex::kernels
