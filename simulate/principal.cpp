#include "simulate/principal.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace zspex::simulate {
namespace {

/// Eigenvectors of a symmetric matrix by Jacobi's rotations (Golub & Van Loan, Matrix Computations, 8.5): slow, short and
/// accurate; the matrices have a few hundred rows.
/// \param matrix  [n][n] becomes diagonal: the eigenvalues
/// \return [n][n] a row each
Array2<double> eigenvectors(Array2<double>& matrix) {
  const std::size_t n = matrix.extent(0);
  Array2<double> vectors({n, n});
  for (std::size_t i = 0; i < n; ++i) vectors(i, i) = 1;
  double total = 0;
  for (double value : matrix) total += value * value;
  for (double off = total; off > 1e-24 * total;) {  // far below what the vectors are used for, above rounding
    off = 0;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        const double apq = matrix(p, q);
        if (apq == 0) continue;
        off += apq * apq;
        const double theta = 0.5 * (matrix(q, q) - matrix(p, p)) / apq;
        const double t = std::copysign(1 / (std::abs(theta) + std::hypot(theta, 1.0)), theta);
        const double c = 1 / std::hypot(t, 1.0), s = t * c;
        const auto rotate = [&](double& x, double& y) {
          const double old = x;
          x = c * old - s * y;
          y = s * old + c * y;
        };
        for (std::size_t k = 0; k < n; ++k) rotate(matrix(k, p), matrix(k, q));
        for (std::size_t k = 0; k < n; ++k) rotate(matrix(p, k), matrix(q, k));
        for (std::size_t k = 0; k < n; ++k) rotate(vectors(p, k), vectors(q, k));
      }
  }
  return vectors;
}

}  // namespace

Array2<double> principal_vectors(const Array2<double>& members, std::size_t nvector) {
  const std::size_t nmember = members.extent(0), nwave = members.extent(1);
  Array2<double> gram({nmember, nmember});
  for (std::size_t i = 0; i < nmember; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const auto a = members.row(i), b = members.row(j);
      gram(i, j) = gram(j, i) = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
    }
  const Array2<double> mixes = eigenvectors(gram);
  std::vector<std::size_t> order(nmember);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return gram(i, i) > gram(j, j); });

  Array2<double> vectors({nvector, nwave});
  for (std::size_t ivector = 0; ivector < nvector; ++ivector) {
    const auto vector = vectors.row(ivector);
    for (std::size_t i = 0; i < nmember; ++i) {
      const double mix = mixes(order[ivector], i);
      const auto member = members.row(i);
      for (std::size_t iwave = 0; iwave < nwave; ++iwave) vector[iwave] += mix * member[iwave];
    }
    const double rms =
        std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0) / static_cast<double>(nwave));
    const double scale = std::accumulate(vector.begin(), vector.end(), 0.0) < 0 ? -1 / rms : 1 / rms;
    for (double& value : vector) value *= scale;
  }
  return vectors;
}

}  // namespace zspex::simulate
