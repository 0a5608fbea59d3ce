#include "kernels/redshift/minima.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"

namespace zspex::kernels {

std::vector<int> find_minima(std::span<const double> chi2) {
  std::vector<int> minima;
  const int n = static_cast<int>(chi2.size());
  for (int i = 0; i < n; ++i) {
    if (std::isnan(chi2[i])) continue;
    if ((i == 0 || chi2[i] <= chi2[i - 1]) && (i == n - 1 || chi2[i] <= chi2[i + 1])) minima.push_back(i);
  }
  std::stable_sort(minima.begin(), minima.end(), [&](int a, int b) { return chi2[a] < chi2[b]; });
  return minima;
}

Vertex fit_parabola(std::span<const double> z, std::span<const double> chi2) {
  const auto n = static_cast<std::ptrdiff_t>(z.size());
  const auto least = std::min_element(chi2.begin(), chi2.end()) - chi2.begin();
  const auto m = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(least, 1, n - 2));
  const double h1 = z[m] - z[m - 1], h2 = z[m + 1] - z[m];
  const double slope1 = (chi2[m] - chi2[m - 1]) / h1, slope2 = (chi2[m + 1] - chi2[m]) / h2;
  const double a = (slope2 - slope1) / (h1 + h2), slope = slope1 + a * h1;  // at the middle point
  Vertex vertex;
  if (a == 0) return vertex;
  const double step = -slope / (2 * a);
  vertex.z = z[m] + step;
  vertex.chi2 = chi2[m] + slope * step / 2;
  vertex.sigma = 1 / std::sqrt(std::fabs(a));
  vertex.good = vertex.z > z[m - 1] && vertex.z < z[m + 1] && vertex.chi2 > 0 && a > 0;
  return vertex;
}

double velocity_km_s(double z, double reference) { return light_speed_km_s * (z - reference) / (1 + reference); }

}  // namespace zspex::kernels
