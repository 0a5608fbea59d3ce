/// \file
/// Redshifts at which templates are tried.
#pragma once

#include <string_view>
#include <vector>

namespace zspex::kernels {

/// zmin, zmax, dz of a scan.
struct RedshiftRange {
  double zmin = 0, zmax = 0, dz = 0;
};

/// Redrock's range for a spectral type: GALAXY, QSO, STAR. \throws NumericsError for another one
RedshiftRange default_range(std::string_view spectype);

/// From zmin in steps of dz below zmax, the bits of numpy.arange; for STAR dz is a step in z, else in log10(1 + z).
std::vector<double> redshift_grid(std::string_view spectype, const RedshiftRange& range);

}  // namespace zspex::kernels
