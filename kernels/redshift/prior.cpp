#include "kernels/redshift/prior.hpp"

#include <cmath>
#include <limits>

namespace zspex::kernels {

bool add_prior(PriorFunction function, double center, double sigma, std::span<const double> redshifts,
               std::span<double> chi2) {
  const std::size_t n = redshifts.size();
  if (function != PriorFunction::tophat) {
    for (std::size_t i = 0; i < n; ++i) {
      const double square = std::pow((redshifts[i] - center) / sigma, 2);
      chi2[i] += function == PriorFunction::gaussian ? square : 2 * std::log1p(square);
    }
    return true;
  }
  std::size_t first = n, last = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!(std::fabs(redshifts[i] - center) < sigma / 2)) continue;
    first = first == n ? i : first;
    last = i;
  }
  for (std::size_t i = 0; i < n; ++i)
    if (first == n || i < first || i > last) chi2[i] = std::numeric_limits<double>::quiet_NaN();
  if (first == n) return false;
  // Walls just outside, so that the ends of the window can be minima; at an end of the grid on it, as Redrock does.
  chi2[first > 0 ? first - 1 : 0] = std::numeric_limits<double>::infinity();
  chi2[last + 1 < n ? last + 1 : n - 1] = std::numeric_limits<double>::infinity();
  return true;
}

}  // namespace zspex::kernels
