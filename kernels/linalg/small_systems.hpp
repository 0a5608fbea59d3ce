/// \file
/// The solvers of small_solve.hpp for host and device: no library calls, no memory but the caller's. On a GPU each
/// thread would take a stack for arrays of its own, as many of them as there could be, used or not.
#pragma once

#include <cfloat>
#include <cstdint>

#include "kernels/base/fused.hpp"
#include "kernels/linalg/most_unknowns.hpp"

namespace zspex::kernels::detail {

template <class T>
KOKKOS_INLINE_FUNCTION void swap_values(T& a, T& b) {
  const T old = a;
  a = b;
  b = old;
}

/// See kernels::solve_lu.
KOKKOS_INLINE_FUNCTION bool solve_lu(int n, double* m, double* c) {
  for (int k = 0; k < n; ++k) {
    int pivot = k;
    for (int i = k + 1; i < n; ++i)
      if (math::fabs(m[i * n + k]) > math::fabs(m[pivot * n + k])) pivot = i;
    if (m[pivot * n + k] == 0) return false;
    if (pivot != k) {
      for (int j = 0; j < n; ++j) swap_values(m[k * n + j], m[pivot * n + j]);
      swap_values(c[k], c[pivot]);
    }
    for (int i = k + 1; i < n; ++i) {
      const double factor = m[i * n + k] / m[k * n + k];
      m[i * n + k] = factor;
      for (int j = k + 1; j < n; ++j) m[i * n + j] = fused(-factor, m[k * n + j], m[i * n + j]);
      c[i] = fused(-factor, c[k], c[i]);
    }
  }
  for (int k = n - 1; k >= 0; --k) {
    for (int j = k + 1; j < n; ++j) c[k] = fused(-m[k * n + j], c[j], c[k]);
    c[k] /= m[k * n + k];
  }
  return true;
}

/// sqrt(a^2 + b^2) without overflow.
KOKKOS_INLINE_FUNCTION double length_of(double a, double b) {
  a = math::fabs(a);
  b = math::fabs(b);
  const double most = a > b ? a : b, least = a > b ? b : a;
  if (most == 0) return 0;
  const double ratio = least / most;
  return most * math::sqrt(1 + ratio * ratio);
}

/// min |A_P s - y|_2 over the columns P of A, by Householder reflections. `a` [n][n] row-major. \return false when A_P
/// has no full rank
/// \param workspace  n (n + 2) doubles
KOKKOS_INLINE_FUNCTION bool least_squares(int n, const double* a, const double* y, const unsigned char* columns,
                                          int ncolumn, double* s, double* workspace) {
  double *q = workspace, *right = q + n * n, *diagonal = right + n;
  for (int i = 0; i < n; ++i) {
    right[i] = y[i];
    for (int j = 0; j < ncolumn; ++j) q[i * n + j] = a[i * n + columns[j]];
  }
  for (int j = 0; j < ncolumn; ++j) {
    double norm = 0;
    for (int i = j; i < n; ++i) norm = length_of(norm, q[i * n + j]);
    if (norm == 0) return false;
    const double alpha = q[j * n + j] > 0 ? -norm : norm;
    const double head = q[j * n + j] - alpha;  // v = x - alpha e1; H = I - v v' / (norm * |head|)
    q[j * n + j] = head;
    const double scale = norm * math::fabs(head);
    for (int k = j + 1; k <= ncolumn; ++k) {  // the last one is the right-hand side
      double dot = 0;
      for (int i = j; i < n; ++i) dot = fused(q[i * n + j], k < ncolumn ? q[i * n + k] : right[i], dot);
      dot /= scale;
      for (int i = j; i < n; ++i) {
        double& value = k < ncolumn ? q[i * n + k] : right[i];
        value = fused(-dot, q[i * n + j], value);
      }
    }
    diagonal[j] = alpha;  // of R; its place in q holds v
  }
  for (int j = ncolumn - 1; j >= 0; --j) {
    double value = right[j];
    for (int k = j + 1; k < ncolumn; ++k) value = fused(-q[j * n + k], s[k], value);
    s[j] = value / diagonal[j];
  }
  return true;
}

/// Doubles that solve_partly_nonnegative() works with.
KOKKOS_INLINE_FUNCTION constexpr int nonnegative_workspace(int n) { return n * (n + 7); }

/// A bounded fit on its way.
struct BoundedFit {
  int n, nbounded;
  const double *m, *y;
  double *c, *gradient, *s, *residual, *size, *packed, *workspace;
  std::uint64_t free_unknowns = 0;  ///< a bit each

  KOKKOS_INLINE_FUNCTION BoundedFit(int n_, int nbounded_, const double* m_, const double* y_, double* c_,
                                    double* workspace_)
      : n(n_), nbounded(nbounded_), m(m_), y(y_), c(c_) {
    gradient = workspace_;
    s = gradient + n;
    residual = s + n;
    size = residual + n;
    packed = size + n;
    workspace = packed + n;
  }
  KOKKOS_INLINE_FUNCTION bool is_free(int j) const { return (free_unknowns >> j & 1U) != 0; }
  KOKKOS_INLINE_FUNCTION void set_free(int j, bool on) {
    const std::uint64_t bit = std::uint64_t{1} << j;
    free_unknowns = on ? free_unknowns | bit : free_unknowns & ~bit;
  }

  /// w = M' (y - M c); zero where that is nothing but rounding, whatever the units.
  KOKKOS_INLINE_FUNCTION void update_gradient() {
    for (int i = 0; i < n; ++i) {
      residual[i] = y[i];
      size[i] = math::fabs(y[i]);
      for (int j = 0; j < n; ++j) {
        residual[i] = fused(-m[i * n + j], c[j], residual[i]);
        size[i] += math::fabs(m[i * n + j] * c[j]);
      }
    }
    for (int j = 0; j < n; ++j) {
      double largest = 0;
      gradient[j] = 0;
      for (int i = 0; i < n; ++i) {
        gradient[j] = fused(m[i * n + j], residual[i], gradient[j]);
        largest = fused(math::fabs(m[i * n + j]), size[i], largest);
      }
      if (gradient[j] <= n * DBL_EPSILON * largest) gradient[j] = 0;
    }
  }

  /// s: the solution in the free unknowns, 0 in the others.
  KOKKOS_INLINE_FUNCTION bool solve_free() {
    unsigned char columns[most_unknowns];
    int nfree = 0;
    for (int j = 0; j < n; ++j)
      if (is_free(j)) columns[nfree++] = static_cast<unsigned char>(j);
    if (!least_squares(n, m, y, columns, nfree, packed, workspace)) return false;
    for (int j = 0; j < n; ++j) s[j] = 0;
    for (int k = 0; k < nfree; ++k) s[columns[k]] = packed[k];
    return true;
  }

  /// The bound unknown that would lower |M c - y| most if it were free; -1 if none would.
  KOKKOS_INLINE_FUNCTION int next_free() const {
    int best = -1;
    for (int j = 0; j < n; ++j)
      if (!is_free(j) && gradient[j] > 0 && (best < 0 || gradient[j] > gradient[best])) best = j;
    return best;
  }

  /// The bounded unknown that would leave first on the way to s, and after which part of the way; -1: none would.
  KOKKOS_INLINE_FUNCTION int first_limit(double& alpha) const {
    int limit = -1;
    alpha = 1;
    for (int j = 0; j < n; ++j) {
      if (!is_free(j) || s[j] > 0 || j >= nbounded) continue;
      const double reach = c[j] / (c[j] - s[j]);
      if (limit < 0 || reach < alpha) {
        alpha = reach;
        limit = j;
      }
    }
    return limit;
  }
  /// That far towards s; what reaches zero is bound again.
  KOKKOS_INLINE_FUNCTION void move(double alpha, int limit) {
    for (int j = 0; j < n; ++j) {
      if (!is_free(j)) continue;
      c[j] = fused(alpha, s[j] - c[j], c[j]);
      if (j == limit || (j < nbounded && c[j] <= 0)) {
        c[j] = 0;
        set_free(j, false);
      }
    }
  }
};

/// See kernels::solve_partly_nonnegative.
/// \param workspace  nonnegative_workspace(n) doubles
KOKKOS_INLINE_FUNCTION bool solve_partly_nonnegative(int n, int nbounded, const double* m, const double* y, double* c,
                                                     double* workspace) {
  BoundedFit fit(n, nbounded, m, y, c, workspace);
  for (int j = 0; j < n; ++j) {
    c[j] = 0;
    fit.set_free(j, j >= nbounded);
  }
  if (nbounded < n) {
    if (!fit.solve_free()) return false;
    for (int j = 0; j < n; ++j) c[j] = fit.s[j];
  }
  fit.update_gradient();
  for (int step = 0; step < 3 * n;) {
    const int best = fit.next_free();
    if (best < 0) return true;
    fit.set_free(best, true);
    for (;;) {
      if (!fit.solve_free()) return false;
      double alpha;
      const int limit = fit.first_limit(alpha);
      if (limit < 0) break;
      if (++step > 3 * n) return false;
      fit.move(alpha, limit);
    }
    for (int j = 0; j < n; ++j) c[j] = fit.s[j];
    fit.update_gradient();
    ++step;
  }
  return false;
}

}  // namespace zspex::kernels::detail
