/// \file
/// Minima of chi^2 over redshift.
#pragma once

#include <span>
#include <vector>

namespace zspex::kernels {

/// Grid points that are not above their neighbors, the lowest first and of equals the first one first; ends count, and
/// so does each point of a plateau. NaN is no minimum.
std::vector<int> find_minima(std::span<const double> chi2);

/// A parabola's vertex. All -1: the three points lie on a line.
struct Vertex {
  double z = -1;      ///< where it is
  double sigma = -1;  ///< how far from it chi^2 has risen by 1
  double chi2 = -1;   ///< its height
  bool good = false;  ///< it opens upwards, and its vertex lies between the outer points, above zero
};

/// Through the lowest point of a fine scan and its two neighbors; where the lowest is at an end, through the three
/// points there, and the vertex may be beyond them. Of equally low points the first one counts. As Redrock does it.
/// \param z     [npoints] increasing; at least three
/// \param chi2  [npoints]
Vertex fit_parabola(std::span<const double> z, std::span<const double> chi2);

/// Velocity of z as seen from `reference`, km/s: c (z - reference) / (1 + reference).
double velocity_km_s(double z, double reference);

}  // namespace zspex::kernels
