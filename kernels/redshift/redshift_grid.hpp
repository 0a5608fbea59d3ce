/// \file
/// Redshifts at which templates are tried, and what is known of them beforehand.
#pragma once

#include <span>
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

enum class PriorFunction { gaussian, lorentzian, tophat };

/// Adds to chi2[i] what is known of redshifts[i]: ((z - center) / sigma)^2; 2 ln(1 + ((z - center) / sigma)^2); or nothing
/// within sigma / 2 of the center and a wall around it, outside which there is no chi^2 (NaN).
/// \return false when a tophat lies between two grid points: nothing is left of chi2
bool add_prior(PriorFunction function, double center, double sigma, std::span<const double> redshifts,
               std::span<double> chi2);

}  // namespace zspex::kernels
