#include "tests/kernels/support/plain_solve.hpp"

#include <cmath>
#include <utility>

namespace zspex::test {

std::vector<Real> solve_plainly(std::vector<Real> m, std::vector<Real> y) {
  const std::size_t n = y.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i)
      if (std::fabs(m[i * n + k]) > std::fabs(m[pivot * n + k])) pivot = i;
    if (m[pivot * n + k] == 0) return {};
    for (std::size_t j = 0; j < n; ++j) std::swap(m[k * n + j], m[pivot * n + j]);
    std::swap(y[k], y[pivot]);
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const Real factor = m[i * n + k] / m[k * n + k];
      for (std::size_t j = k; j < n; ++j) m[i * n + j] -= factor * m[k * n + j];
      y[i] -= factor * y[k];
    }
  }
  for (std::size_t k = 0; k < n; ++k) y[k] /= m[k * n + k];
  return y;
}

Real residual_plainly(const std::vector<Real>& m, const std::vector<Real>& y, const std::vector<Real>& c) {
  const std::size_t n = y.size();
  Real sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Real r = -y[i];
    for (std::size_t j = 0; j < n; ++j) r += m[i * n + j] * c[j];
    sum += r * r;
  }
  return std::sqrt(sum);
}

std::vector<Real> nonnegative_plainly(const std::vector<Real>& m, const std::vector<Real>& y, int nbounded) {
  const std::size_t n = y.size();
  std::vector<Real> best;
  for (unsigned bound = 0; bound < 1u << nbounded; ++bound) {
    std::vector<std::size_t> free;
    for (std::size_t j = 0; j < n; ++j)
      if (!(bound >> j & 1u)) free.push_back(j);
    std::vector<Real> square(free.size() * free.size(), 0), right(free.size(), 0), c(n, 0);
    for (std::size_t a = 0; a < free.size(); ++a) {
      for (std::size_t i = 0; i < n; ++i) right[a] += m[i * n + free[a]] * y[i];
      for (std::size_t b = 0; b < free.size(); ++b)
        for (std::size_t i = 0; i < n; ++i) square[a * free.size() + b] += m[i * n + free[a]] * m[i * n + free[b]];
    }
    const std::vector<Real> s = solve_plainly(square, right);
    if (s.size() != free.size()) continue;
    bool feasible = true;
    for (std::size_t a = 0; a < free.size(); ++a) {
      c[free[a]] = s[a];
      feasible = feasible && (s[a] >= 0 || free[a] >= static_cast<std::size_t>(nbounded));
    }
    if (feasible && (best.empty() || residual_plainly(m, y, c) < residual_plainly(m, y, best))) best = c;
  }
  return best;
}

}  // namespace zspex::test
