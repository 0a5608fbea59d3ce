/// \file
/// What is known of a redshift beforehand.
#pragma once

#include <span>

#include "core/prior_function.hpp"

namespace zspex::kernels {

/// Adds to chi2[i] what is known of redshifts[i]: ((z - center) / sigma)^2; 2 ln(1 + ((z - center) / sigma)^2); or nothing
/// within sigma / 2 of the center and a wall around it, outside which there is no chi^2 (NaN).
/// \return false when a tophat lies between two grid points: nothing is left of chi2
bool add_prior(PriorFunction function, double center, double sigma, std::span<const double> redshifts,
               std::span<double> chi2);

}  // namespace zspex::kernels
