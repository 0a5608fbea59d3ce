#include "kernels/redshift/redshift_grid.hpp"

#include <algorithm>
#include <cmath>
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

}  // namespace zspex::kernels
