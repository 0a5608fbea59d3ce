#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace zspex {

/// As NumPy has it: the mean of the two middle ones of an even number; 0 of nothing. Reorders its argument.
inline double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*std::max_element(values.begin(), middle) + *middle);
}

}  // namespace zspex
