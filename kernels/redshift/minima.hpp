/// \file
/// Minima of chi^2 over redshift.
#pragma once

#include <span>
#include <vector>

namespace zspex::kernels {

/// Grid points that are not above their neighbors, the lowest first and of equals the first one first; ends count, and
/// so does each point of a plateau. NaN is no minimum.
std::vector<int> find_minima(std::span<const double> chi2);

/// A parabola's vertex.
struct Vertex {
  double z = -1, sigma = -1, chi2 = -1;
  bool good = false;  ///< it opens upwards, and its vertex lies between the outer points, above zero
};

/// Through the least point of a fine scan and its neighbors; sigma is where chi^2 has risen by 1. At least three points.
Vertex fit_parabola(std::span<const double> z, std::span<const double> chi2);

/// Velocity of z as seen from `reference`, km/s.
double velocity_km_s(double z, double reference);

}  // namespace zspex::kernels
