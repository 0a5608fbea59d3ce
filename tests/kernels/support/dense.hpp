/// \file
/// Dense linear algebra in plain loops, to compare the kernels with. Slow and obvious.
#pragma once

#include <cmath>
#include <vector>

#include "core/array.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::test {

using Matrix = Array2<double>;

inline Matrix make_matrix(int nrow, int ncolumn) {
  return Matrix({static_cast<std::size_t>(nrow), static_cast<std::size_t>(ncolumn)});
}

Matrix multiply(const Matrix& a, const Matrix& b);
Matrix transpose(const Matrix& a);
double largest(const Matrix& a);  ///< largest absolute element

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix by cyclic Jacobi rotations.
struct Eigen {
  std::vector<double> value;
  Matrix vector;
};
Eigen jacobi_eigen(Matrix a);

/// V f(lambda) V^T
template <class F>
Matrix symmetric_function(const Matrix& a, const F& f) {
  const Eigen eigen = jacobi_eigen(a);
  const std::size_t n = a.extent(0);
  Matrix out({n, n});
  for (std::size_t k = 0; k < n; ++k) {
    const double value = f(eigen.value[k]);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) out(i, j) += eigen.vector(i, k) * value * eigen.vector(j, k);
  }
  return out;
}

/// V diag(values) V^T with a random orthogonal V.
Matrix random_symmetric(const std::vector<double>& values, Random& random);

}  // namespace zspex::test
