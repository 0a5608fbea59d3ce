/// \file
/// Operations of the kernels' formulas, for plans and benchmarks; what padding adds isn't counted. n basis vectors, d
/// diagonals of R.
#pragma once

namespace zspex::kernels {

/// Of a pixel: sqrt(ivar) R x n basis vectors.
constexpr double convolve_operations(double n, double d) { return (2 * d + 1) * n; }
/// Of a pixel: products of n + 1 columns with each other, summed.
constexpr double product_operations(double n) { return (n + 1) * (n + 2); }
/// Of a fit beside these: the solution of its normal equations.
constexpr double solution_operations(double n) { return 2.0 / 3 * n * n * n; }

}  // namespace zspex::kernels
