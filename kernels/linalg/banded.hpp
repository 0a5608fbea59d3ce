/// \file
/// Banded symmetric positive definite systems, by one team. A lower band is kept by columns: band[j * ld + d] = A(j + d, j), 0 <= d <= b,
/// ld > b. (Kokkos Kernels' SerialPbtrf is wrong beyond one off-diagonal, hence our own.)
#pragma once

#include "kernels/base/lanes.hpp"

namespace zspex::kernels {

/// Cholesky factorisation A = L L^T in place; L takes the place of A. Elements below the last row must be zero.
///   band [n][ld]  ld >= b + 1
/// \return 0, or 1 + the first column whose pivot is not positive and finite. The same on all threads. Ends with a barrier.
/// Operations: n b^2.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION int banded_cholesky(const Member& team, double* band, int n, int b, int ld) {
  for (int j = 0; j < n; ++j) {
    double* const column = band + static_cast<std::size_t>(j) * ld;
    const double pivot = column[0];
    if (!(pivot > 0) || !(pivot < 1e300)) return 1 + j;
    const double root = math::sqrt(pivot), inverse = 1 / root;
    team.team_barrier();
    const int below = b < n - 1 - j ? b : n - 1 - j;
    team_for(team, 0, below + 1, [=](int d) { column[d] = d == 0 ? root : column[d] * inverse; });
    team.team_barrier();
    // A(j + i, j + k) -= L(j + i, j) L(j + k, j): column j + k of the band takes a contiguous part of column j.
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 1, below + 1), [=](int k) {
      double* const target = band + static_cast<std::size_t>(j + k) * ld - k;
      const double factor = column[k];
      Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, k, below + 1), [=](int i) { target[i] -= factor * column[i]; });
    });
    team.team_barrier();
  }
  return 0;
}

/// The factor by rows, scaled for forward substitution: rows[i * ld + d] = L(i, i - d) / L(i, i) for 1 <= d <= b, rows[i * ld] = 1 / L(i, i).
/// Zero where i - d < 0, for b < d < ld, and in rows n ... nrow - 1.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void banded_rows(const Member& team, const double* band, int n, int nrow, int b, int ld, double* rows) {
  Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 0, nrow), [=](int i) {
    double* const row = rows + static_cast<std::size_t>(i) * ld;
    const double inverse = i < n ? 1 / band[static_cast<std::size_t>(i) * ld] : 0.0;
    Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, 0, ld), [=](int d) {
      double value = 0;
      if (i < n && d <= b && d <= i) value = d == 0 ? inverse : band[static_cast<std::size_t>(i - d) * ld + d] * inverse;
      row[d] = value;
    });
  });
  team.team_barrier();
}

/// Solves L L^T x = y in place. One team; every thread follows the recurrence, strips of a column are updated by their owners.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void banded_solve(const Member& team, const double* band, int n, int b, int ld, double* x) {
  for (int j = 0; j < n; ++j) {
    const double* const column = band + static_cast<std::size_t>(j) * ld;
    const double value = x[j] / column[0];
    team.team_barrier();
    const int below = b < n - 1 - j ? b : n - 1 - j;
    team_for(team, 0, below + 1, [=](int d) { x[j + d] = d == 0 ? value : x[j + d] - column[d] * value; });
    team.team_barrier();
  }
  // Backwards by columns of L^T would need the factor by rows; the sum over a column has a fixed order instead.
  for (int j = n - 1; j >= 0; --j) {
    const double* const column = band + static_cast<std::size_t>(j) * ld;
    const int below = b < n - 1 - j ? b : n - 1 - j;
    using L = Lanes<Exec>;
    L sum = fill_lanes<L>(0.0);
    int d = 1;
    for (; d + nlane<Exec> - 1 <= below; d += nlane<Exec>)
      sum += load_lanes<L>(column + d) * load_lanes<L>(x + j + d);
    double tail = lane_sum(sum);
    for (; d <= below; ++d) tail += column[d] * x[j + d];
    const double value = (x[j] - tail) / column[0];
    team.team_barrier();
    Kokkos::single(Kokkos::PerTeam(team), [=]() { x[j] = value; });
    team.team_barrier();
  }
}

}  // namespace zspex::kernels
