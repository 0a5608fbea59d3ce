/// \file
/// The symmetric root of a small symmetric positive definite matrix, by one team: A^(-1/2) or A^(1/2).
/// Householder tridiagonalisation, implicit QL (Golub & Van Loan, Matrix Computations, 8.3), then V f(lambda) V^T.
/// Every step is written over strips of columns that one thread owns, so that the host gets vector code and a GPU gets
/// coalesced threads from the same source, and no sum depends on the number of threads.
#pragma once

#include "kernels/base/simd.hpp"

namespace zspex::kernels {

enum class Root { inverse_sqrt, sqrt };

/// Scratch of symmetric_root() for matrices up to m x m: doubles.
template <class Exec>
std::size_t symmetric_root_scratch(int m) {
  const std::size_t ld = round_up(m, row_quantum<Exec>);
  return 2 * static_cast<std::size_t>(m) * ld + 8 * ld;
}

namespace detail {

/// Sum of a[j] b[j] over whole strips. All threads get the same number.
template <class Exec>
KOKKOS_INLINE_FUNCTION double strip_dot(const double* a, const double* b, int first, int nstrip) {
  using Strip = Chunk<Exec, on_host<Exec> ? 2 : 1>;
  Strip sum = Strip::zero();
  for (int s = first; s < nstrip; ++s) {
    const Strip left = Strip::load(a + s * Strip::width), right = Strip::load(b + s * Strip::width);
    sum.add(left, right);
  }
  return sum.total();
}

/// C(i, j) = sum_{r in [rbegin(i), nrow)} X[r][i] X[r][j], both triangles written; `begin` maps the first column of a
/// tile to the first row that can be non-zero for it and all later columns. X and C are row-major with leading
/// dimension ld; ld covers whole strips.
template <class Exec, class Member, class Begin>
KOKKOS_INLINE_FUNCTION void team_gram(const Member& team, const double* x, int ld, int nrow, int m, double* c,
                                      const Begin& begin) {
  constexpr int ti = on_host<Exec> ? host_simd_width : 1;  // as many sums as there are registers
  using Strip = Chunk<Exec, on_host<Exec> ? 2 : 1>;
  const int ntile = (m + ti - 1) / ti, nstrip = (m + Strip::width - 1) / Strip::width;
  team_for(team, 0, ntile * nstrip, [=](int t) {
    const int i0 = t / nstrip * ti, j0 = t % nstrip * Strip::width;
    if (j0 >= i0 + ti) return;  // strictly above the diagonal: mirrored below
    Strip sum[ti];
    for (int i = 0; i < ti; ++i) sum[i] = Strip::zero();
    for (int r = begin(i0); r < nrow; ++r) {
      const double* row = x + static_cast<std::size_t>(r) * ld;
      const Strip right = Strip::load(row + j0);
      for (int i = 0; i < ti; ++i) sum[i].add(row[i0 + i], right);
    }
    for (int i = 0; i < ti; ++i)
      if (i0 + i < m) sum[i].store(c + static_cast<std::size_t>(i0 + i) * ld + j0);
  });
  team.team_barrier();
  team_for(team, 0, m, [=](int i) {
    for (int j = i + 1; j < m; ++j) c[static_cast<std::size_t>(i) * ld + j] = c[static_cast<std::size_t>(j) * ld + i];
  });
  team.team_barrier();
}

/// Where symmetric_root() keeps what in its scratch, for a matrix of m rows of ld doubles.
struct RootScratch {
  int m, ld;
  double *z, *zt;             // [m][ld]
  double *diag, *off, *beta;  // [ld] tridiagonal matrix, factors of the reflectors
  double *v, *w, *p;          // [ld]
  double* cs;                 // [2 ld] rotations of one sweep

  KOKKOS_INLINE_FUNCTION RootScratch(int rows, int stride, double* scratch)
      : m(rows),
        ld(stride),
        z(scratch),
        zt(z + static_cast<std::size_t>(m) * ld),
        diag(zt + static_cast<std::size_t>(m) * ld),
        off(diag + ld),
        beta(off + ld),
        v(beta + ld),
        w(v + ld),
        p(w + ld),
        cs(p + ld) {}
  KOKKOS_FORCEINLINE_FUNCTION double* at(double* base, int i) const { return base + static_cast<std::size_t>(i) * ld; }
};

/// A <- H A H with H = 1 - beta x x^T for k = 0, 1, ...: leaves diag, off, beta, and the reflectors x in the rows of z.
/// `a` is lost. The rank-2 update of step k is applied during the matrix vector product of step k + 1: A passes through
/// the cache once per step.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void tridiagonalize(const Member& team, double* a, const RootScratch& s) {
  using Strip = Chunk<Exec, on_host<Exec> ? 2 : 1>;
  const int m = s.m, ld = s.ld, nstrip = ld / Strip::width;
  double *const diag = s.diag, *const off = s.off, *const beta = s.beta, *const v = s.v, *const w = s.w, *const p = s.p;
  team_for(team, 0, ld, [=](int j) { v[j] = w[j] = 0; });
  team_for(team, 0, m, [=](int i) {
    for (int j = m; j < ld; ++j) a[static_cast<std::size_t>(i) * ld + j] = 0;
  });
  team.team_barrier();
  for (int k = 0; k < m; ++k) {
    double* const row = s.at(a, k);
    double* const x = s.at(s.z, k);  // the k-th reflector, zero up to k
    const double vk = v[k], wk = w[k];
    team_for(team, 0, ld, [=](int j) {
      row[j] -= fused(vk, w[j], wk * v[j]);
      x[j] = j > k && j < m ? row[j] : 0.0;
    });
    team.team_barrier();
    // Every thread finds the same scalars from the same numbers.
    const int first = (k + 1) / Strip::width;
    const double alpha = k + 1 < m ? x[k + 1] : 0.0;
    const double norm = math::sqrt(strip_dot<Exec>(x, x, first, nstrip));
    const double tau = norm > 0 ? 1 / (norm * (norm + math::fabs(alpha))) : 0.0;  // H = 1 - tau x x^T
    const double ek = alpha > 0 ? -norm : norm;
    team.team_barrier();
    Kokkos::single(Kokkos::PerTeam(team), [=]() {
      diag[k] = row[k];
      off[k] = ek;
      beta[k] = tau;
      if (tau != 0) x[k + 1] = alpha - ek;
    });
    team.team_barrier();
    // p = tau A x over the trailing block, with the pending update of A.
    team_for(team, first, nstrip, [=](int strip) {
      const int j0 = strip * Strip::width;
      const Strip vs = Strip::load(v + j0), ws = Strip::load(w + j0);
      Strip sum = Strip::zero();
      for (int i = k + 1; i < m; ++i) {
        double* const cell = a + static_cast<std::size_t>(i) * ld + j0;
        Strip ai = Strip::load(cell);
        ai.add(-v[i], ws);
        ai.add(-w[i], vs);
        ai.store(cell);
        sum.add(x[i], ai);
      }
      sum.store(p + j0);
    });
    team.team_barrier();
    const double half = 0.5 * tau * tau * strip_dot<Exec>(p, x, first, nstrip);
    team.team_barrier();
    team_for(team, 0, ld, [=](int j) {
      v[j] = j > k ? x[j] : 0.0;
      w[j] = j > k ? fused(tau, p[j], -half * x[j]) : 0.0;
    });
    team.team_barrier();
  }
}

/// zt <- H_0 H_1 ... H_(m-3) from the reflectors in z, last one first; then z <- zt^T, so that eigenvectors will be
/// rows and a rotation works on two contiguous ones.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void transform_back(const Member& team, const RootScratch& s) {
  using Strip = Chunk<Exec, on_host<Exec> ? 2 : 1>;
  using Wide = Chunk<Exec, on_host<Exec> ? row_quantum<Exec> / simd_width<Exec> : 1>;
  const int m = s.m, ld = s.ld, nstrip = ld / Strip::width, nwide = ld / Wide::width;
  double *const z = s.z, *const zt = s.zt, *const beta = s.beta;
  const auto at = [ld](double* base, int i) { return base + static_cast<std::size_t>(i) * ld; };
  team_for(team, 0, m * nstrip, [=](int t) {
    const int i = t / nstrip, j0 = t % nstrip * Strip::width;
    Strip::zero().store(at(zt, i) + j0);
  });
  team.team_barrier();
  team_for(team, 0, m, [=](int i) { at(zt, i)[i] = 1; });
  team.team_barrier();
  team_for(team, 0, nwide, [=](int strip) {
    const int j0 = strip * Wide::width;
    for (int k = m - 1; k >= 0; --k) {
      const double tau = beta[k];
      if (tau == 0 || j0 + Wide::width <= k + 1) continue;  // columns up to k are still those of the unit matrix
      const double* const x = at(z, k);
      Wide sum = Wide::zero();
      for (int i = k + 1; i < m; ++i) sum.add(x[i], Wide::load(at(zt, i) + j0));
      for (int i = k + 1; i < m; ++i) {
        double* const cell = at(zt, i) + j0;
        Wide zi = Wide::load(cell);
        zi.add(-tau * x[i], sum);
        zi.store(cell);
      }
    }
  });
  team.team_barrier();
  team_for(team, 0, m, [=](int i) {
    for (int j = 0; j < m; ++j) at(z, i)[j] = at(zt, j)[i];
    for (int j = m; j < ld; ++j) at(z, i)[j] = 0;
  });
  team.team_barrier();
}

/// The scalar recurrence of a sweep of implicit QL over rows l ... last of the tridiagonal matrix, which leaves the
/// rotations in cs: cosine and sine of rows i and i + 1 in cs[2 i] and cs[2 i + 1].
///   shifted  diag[last] less the shift
/// \return the row where it ended: rotations last - 1 ... that + 1
KOKKOS_FORCEINLINE_FUNCTION int sweep_up(int l, int last, double shifted, double* diag, double* off, double* cs) {
  double s = 1, c = 1, shift = 0;
  int i = last - 1;
  for (; i >= l; --i) {
    const double f = s * off[i], b = c * off[i];
    const double radius = math::sqrt(f * f + shifted * shifted);
    off[i + 1] = radius;
    if (radius == 0) {
      diag[i + 1] -= shift;
      off[last] = 0;
      break;
    }
    const double inverse = 1 / radius;
    s = f * inverse;
    c = shifted * inverse;
    const double d = diag[i + 1] - shift;
    const double t = (diag[i] - d) * s + 2 * c * b;
    shift = s * t;
    diag[i + 1] = d + shift;
    shifted = c * t - b;
    cs[2 * i] = c;
    cs[2 * i + 1] = s;
  }
  if (i < l) {
    diag[l] -= shift;
    off[l] = shifted;
    off[last] = 0;
  }
  return i;
}

/// Implicit QL with Wilkinson's shift on diag and off; the rows of z become eigenvectors. The scalar recurrence of a
/// sweep (a few m operations) runs on one thread, which leaves the rotations in cs; the owners of the columns then
/// apply them.
/// \return 1 when an eigenvalue needs more than 60 sweeps, else 0
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION int diagonalize(const Member& team, const RootScratch& s0) {
  // Wider where a recurrence runs down the rows: more columns hide the latency of its multiply-adds.
  using Wide = Chunk<Exec, on_host<Exec> ? row_quantum<Exec> / simd_width<Exec> : 1>;
  const int m = s0.m, ld = s0.ld, nwide = ld / Wide::width;
  double *const z = s0.z, *const diag = s0.diag, *const off = s0.off, *const p = s0.p, *const cs = s0.cs;
  const auto at = [ld](double* base, int i) { return base + static_cast<std::size_t>(i) * ld; };
  int status = 0;
  for (int l = 0; l < m && status == 0; ++l) {
    for (int sweep = 0;; ++sweep) {
      int last = l;
      for (; last + 1 < m; ++last) {
        const double size = math::fabs(diag[last]) + math::fabs(diag[last + 1]);
        if (math::fabs(off[last]) <= 1.1102230246251565e-16 * size) break;
      }
      if (last == l) break;
      if (sweep == 60) {
        status = 1;
        break;
      }
      const double dl = diag[l], el = off[l];
      double g = (diag[l + 1] - dl) / (2 * el);
      double r = math::sqrt(g * g + 1);
      g = diag[last] - dl + el / (g + (g >= 0 ? r : -r));
      team.team_barrier();  // all have read diag and off
      Kokkos::single(Kokkos::PerTeam(team), [=]() { p[0] = sweep_up(l, last, g, diag, off, cs); });
      team.team_barrier();
      const int stop = static_cast<int>(p[0]);
      team_for(team, 0, nwide, [=](int strip) {
        const int j0 = strip * Wide::width;
        Wide carry = Wide::load(at(z, last) + j0);
        for (int i = last - 1; i > stop; --i) {
          const double c = cs[2 * i], s = cs[2 * i + 1];
          const Wide zi = Wide::load(at(z, i) + j0);
          Wide up = Wide::zero(), next = Wide::zero();
          for (int q = 0; q < static_cast<int>(sizeof(up.v) / sizeof(up.v[0])); ++q) {
            up.v[q] = fused(s, zi.v[q], c * carry.v[q]);
            next.v[q] = fused(c, zi.v[q], -s * carry.v[q]);
          }
          up.store(at(z, i + 1) + j0);
          carry = next;
        }
        carry.store(at(z, stop + 1) + j0);
      });
      team.team_barrier();
    }
  }
  return status;
}

}  // namespace detail

/// Replaces `a` by its symmetric root. One team; ends with a barrier.
///   a       [m][ld] row-major, ld = round_up(m, row_quantum<Exec>); both triangles.
///           In: symmetric positive definite; elements [i][j >= m] are ignored. Out: the root.
///   scratch symmetric_root_scratch<Exec>(m) doubles
/// \return 0, or 1 when an eigenvalue is not positive or QL does not converge; `a` is then undefined. The same on all
/// threads.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION int symmetric_root(const Member& team, double* a, int m, Root root, double* scratch) {
  using Strip = Chunk<Exec, on_host<Exec> ? 2 : 1>;
  const int ld = round_up(m, row_quantum<Exec>), nstrip = ld / Strip::width;
  const detail::RootScratch work(m, ld, scratch);
  detail::tridiagonalize<Exec>(team, a, work);
  detail::transform_back<Exec>(team, work);
  int status = detail::diagonalize<Exec>(team, work);
  double *const z = work.z, *const diag = work.diag, *const beta = work.beta;
  for (int j = 0; j < m; ++j)
    if (!(diag[j] > 0)) status = 1;
  team.team_barrier();
  if (status) return status;

  // V f(lambda) V^T as the Gram matrix of sqrt(f) times the eigenvectors.
  team_for(team, 0, m, [=](int j) {
    const double quarter = math::sqrt(math::sqrt(diag[j]));
    beta[j] = root == Root::sqrt ? quarter : 1 / quarter;
  });
  team.team_barrier();
  team_for(team, 0, m * nstrip, [=](int t) {
    const int j = t / nstrip, j0 = t % nstrip * Strip::width;
    Strip scaled = Strip::zero();
    scaled.add(beta[j], Strip::load(work.at(z, j) + j0));
    scaled.store(work.at(z, j) + j0);
  });
  team.team_barrier();
  detail::team_gram<Exec>(team, z, ld, m, m, a, [](int) { return 0; });
  return 0;
}

}  // namespace zspex::kernels
