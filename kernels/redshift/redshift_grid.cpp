#include "kernels/redshift/redshift_grid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/arange.hpp"
#include "core/error.hpp"

namespace zspex::kernels {

RedshiftRange default_range(std::string_view spectype) {
  if (spectype == "GALAXY") return {-0.005, 1.7, 3e-4};
  if (spectype == "QSO") return {0.05, 6.0, 5e-4};
  if (spectype == "STAR") return {-0.002, 0.00201, 4e-5};
  throw NumericsError("redshift",
                      "expected a template of type GALAXY, QSO or STAR, or one with a REDSHIFTS HDU, found " +
                          std::string(spectype) + " without. Add the redshifts to the template file.");
}

std::vector<double> redshift_grid(std::string_view spectype, const RedshiftRange& range) {
  if (spectype == "STAR") return arange(range.zmin, range.zmax, range.dz);
  auto grid = arange(std::log10(1 + range.zmin), std::log10(1 + range.zmax), range.dz);
  for (double& z : grid) z = std::pow(10.0, z) - 1;
  return grid;
}

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
