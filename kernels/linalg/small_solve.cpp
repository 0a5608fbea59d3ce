#include "kernels/linalg/small_solve.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace zspex::kernels {
namespace {

using Unknowns = std::array<double, most_unknowns>;
using Matrix = std::array<double, most_unknowns * most_unknowns>;

/// min |A_P s - y|_2 over the columns P of A, by Householder reflections. `a` [n][n] row-major. \return false when A_P
/// has no full rank
bool least_squares(int n, const double* a, const double* y, const std::array<int, most_unknowns>& columns, int ncolumn,
                   Unknowns& s) {
  Matrix q;
  Unknowns right;
  for (int i = 0; i < n; ++i) {
    right[i] = y[i];
    for (int j = 0; j < ncolumn; ++j) q[i * most_unknowns + j] = a[i * n + columns[j]];
  }
  const auto at = [&](int i, int j) -> double& { return q[i * most_unknowns + j]; };
  for (int j = 0; j < ncolumn; ++j) {
    double norm = 0;
    for (int i = j; i < n; ++i) norm = std::hypot(norm, at(i, j));
    if (norm == 0) return false;
    const double alpha = at(j, j) > 0 ? -norm : norm;
    const double head = at(j, j) - alpha;  // v = x - alpha e1; H = I - v v' / (norm * |head|)
    at(j, j) = head;
    const double scale = norm * std::fabs(head);
    const auto reflect = [&](auto&& value) {
      double dot = 0;
      for (int i = j; i < n; ++i) dot += at(i, j) * value(i);
      dot /= scale;
      for (int i = j; i < n; ++i) value(i) -= dot * at(i, j);
    };
    for (int k = j + 1; k < ncolumn; ++k) reflect([&](int i) -> double& { return at(i, k); });
    reflect([&](int i) -> double& { return right[i]; });
    s[j] = alpha;  // the diagonal of R; its place holds v
  }
  Unknowns diagonal = s;
  for (int j = ncolumn - 1; j >= 0; --j) {
    double value = right[j];
    for (int k = j + 1; k < ncolumn; ++k) value -= at(j, k) * s[k];
    s[j] = value / diagonal[j];
  }
  return true;
}

}  // namespace

bool solve_lu(int n, double* m, double* c) {
  for (int k = 0; k < n; ++k) {
    int pivot = k;
    for (int i = k + 1; i < n; ++i)
      if (std::fabs(m[i * n + k]) > std::fabs(m[pivot * n + k])) pivot = i;
    if (m[pivot * n + k] == 0) return false;
    if (pivot != k) {
      for (int j = 0; j < n; ++j) std::swap(m[k * n + j], m[pivot * n + j]);
      std::swap(c[k], c[pivot]);
    }
    for (int i = k + 1; i < n; ++i) {
      const double factor = m[i * n + k] / m[k * n + k];
      m[i * n + k] = factor;
      for (int j = k + 1; j < n; ++j) m[i * n + j] -= factor * m[k * n + j];
      c[i] -= factor * c[k];
    }
  }
  for (int k = n - 1; k >= 0; --k) {
    for (int j = k + 1; j < n; ++j) c[k] -= m[k * n + j] * c[j];
    c[k] /= m[k * n + k];
  }
  return true;
}

bool solve_nonnegative(int n, const double* m, const double* y, double* c) {
  return solve_partly_nonnegative(n, n, m, y, c);
}

bool solve_partly_nonnegative(int n, int nbounded, const double* m, const double* y, double* c) {
  std::array<bool, most_unknowns> free{};
  std::array<int, most_unknowns> columns{};
  Unknowns gradient, s;
  for (int i = 0; i < n; ++i) c[i] = 0;
  const auto update_gradient = [&] {  // w = M' (y - M c); zero where that is nothing but rounding, whatever the units
    const double rounding = n * std::numeric_limits<double>::epsilon();
    Unknowns residual, size;
    for (int i = 0; i < n; ++i) {
      residual[i] = y[i];
      size[i] = std::fabs(y[i]);
      for (int j = 0; j < n; ++j) {
        residual[i] -= m[i * n + j] * c[j];
        size[i] += std::fabs(m[i * n + j] * c[j]);
      }
    }
    for (int j = 0; j < n; ++j) {
      double most = 0;
      gradient[j] = 0;
      for (int i = 0; i < n; ++i) {
        gradient[j] += m[i * n + j] * residual[i];
        most += std::fabs(m[i * n + j]) * size[i];
      }
      if (gradient[j] <= rounding * most) gradient[j] = 0;
    }
  };
  const auto solve_free = [&] {
    int nfree = 0;
    for (int j = 0; j < n; ++j)
      if (free[j]) columns[nfree++] = j;
    Unknowns packed;
    if (!least_squares(n, m, y, columns, nfree, packed)) return false;
    s.fill(0);
    for (int k = 0; k < nfree; ++k) s[columns[k]] = packed[k];
    return true;
  };
  for (int j = 0; j < n; ++j) free[j] = j >= nbounded;
  if (nbounded < n) {
    if (!solve_free()) return false;
    for (int j = 0; j < n; ++j) c[j] = s[j];
  }
  update_gradient();
  for (int step = 0; step < 3 * n;) {
    int best = -1;
    for (int j = 0; j < n; ++j)
      if (!free[j] && gradient[j] > 0 && (best < 0 || gradient[j] > gradient[best])) best = j;
    if (best < 0) return true;
    free[best] = true;
    for (;;) {
      if (!solve_free()) return false;
      // As far towards s as all stay positive; those that reach zero are bound again.
      int limit = -1;
      double alpha = 1;
      for (int j = 0; j < n; ++j) {
        if (!free[j] || s[j] > 0 || j >= nbounded) continue;
        const double reach = c[j] / (c[j] - s[j]);
        if (limit < 0 || reach < alpha) {
          alpha = reach;
          limit = j;
        }
      }
      if (limit < 0) break;
      if (++step > 3 * n) return false;
      for (int j = 0; j < n; ++j) {
        if (!free[j]) continue;
        c[j] += alpha * (s[j] - c[j]);
        if (j == limit || (j < nbounded && c[j] <= 0)) {
          c[j] = 0;
          free[j] = false;
        }
      }
    }
    for (int j = 0; j < n; ++j) c[j] = s[j];
    update_gradient();
    ++step;
  }
  return false;
}

}  // namespace zspex::kernels
