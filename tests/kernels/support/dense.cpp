#include "tests/kernels/support/dense.hpp"

#include <algorithm>

namespace zspex::test {

Matrix multiply(const Matrix& a, const Matrix& b) {
  Matrix c({a.extent(0), b.extent(1)});
  for (std::size_t i = 0; i < a.extent(0); ++i)
    for (std::size_t k = 0; k < a.extent(1); ++k)
      for (std::size_t j = 0; j < b.extent(1); ++j) c(i, j) += a(i, k) * b(k, j);
  return c;
}

Matrix transpose(const Matrix& a) {
  Matrix t({a.extent(1), a.extent(0)});
  for (std::size_t i = 0; i < a.extent(0); ++i)
    for (std::size_t j = 0; j < a.extent(1); ++j) t(j, i) = a(i, j);
  return t;
}

double largest(const Matrix& a) {
  double most = 0;
  for (double value : a) most = std::max(most, std::abs(value));
  return most;
}

Eigen jacobi_eigen(Matrix a) {
  const std::size_t n = a.extent(0);
  Matrix v({n, n});  // eigenvectors as rows, while they are turned
  for (std::size_t i = 0; i < n; ++i) v(i, i) = 1;
  // Converged relative to the diagonal (Demmel & Veselic 1992): small eigenvalues of badly scaled matrices are
  // accurate, too.
  for (int sweep = 0; sweep < 60; ++sweep) {
    bool rotated = false;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        const double apq = a(p, q);
        if (apq == 0 || std::abs(apq) <= 1e-17 * std::sqrt(std::abs(a(p, p))) * std::sqrt(std::abs(a(q, q)))) continue;
        rotated = true;
        const double theta = (a(q, q) - a(p, p)) / (2 * apq);
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::hypot(theta, 1.0));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        const double app = a(p, p) - t * apq, aqq = a(q, q) + t * apq;
        const auto turn = [c, s](double* up, double* uq, std::size_t size) {
          for (std::size_t k = 0; k < size; ++k) {
            const double old = up[k];
            up[k] = c * old - s * uq[k];
            uq[k] = s * old + c * uq[k];
          }
        };
        turn(&a(p, 0), &a(q, 0), n);
        turn(&v(p, 0), &v(q, 0), n);
        for (std::size_t k = 0; k < n; ++k) {
          a(k, p) = a(p, k);
          a(k, q) = a(q, k);
        }
        a(p, p) = app;
        a(q, q) = aqq;
        a(p, q) = a(q, p) = 0;
      }
    if (!rotated) break;
  }
  Eigen eigen;
  for (std::size_t i = 0; i < n; ++i) eigen.value.push_back(a(i, i));
  eigen.vector = transpose(v);
  return eigen;
}

Matrix random_symmetric(const std::vector<double>& values, Random& random) {
  const std::size_t n = values.size();
  Matrix a({n, n});
  for (std::size_t i = 0; i < n; ++i) a(i, i) = values[i];
  // A product of n Householder reflections on both sides.
  std::vector<double> x(n), ax(n);
  for (std::size_t k = 0; k < n; ++k) {
    double norm = 0;
    for (double& value : x) {
      value = random.normal();
      norm += value * value;
    }
    const double tau = 2 / norm;
    double xax = 0;
    for (std::size_t i = 0; i < n; ++i) {
      ax[i] = 0;
      for (std::size_t j = 0; j < n; ++j) ax[i] += a(i, j) * x[j];
      xax += x[i] * ax[i];
    }
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        a(i, j) += -tau * (x[i] * ax[j] + ax[i] * x[j]) + tau * tau * xax * x[i] * x[j];
        a(j, i) = a(i, j);
      }
  }
  return a;
}

}  // namespace zspex::test
