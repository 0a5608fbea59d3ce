/// \file
/// Evenly spaced grids with NumPy's bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace zspex {

/// numpy.arange(first, stop, step): from first on, below stop. NumPy steps by the difference of the first two rounded values,
/// not by step.
inline std::vector<double> arange(double first, double stop, double step) {
  const auto n = static_cast<std::size_t>(std::max(0.0, std::ceil((stop - first) / step)));
  const double delta = (first + step) - first;
  std::vector<double> grid(n);
  for (std::size_t i = 0; i < n; ++i) grid[i] = first + static_cast<double>(i) * delta;
  return grid;
}

}  // namespace zspex
