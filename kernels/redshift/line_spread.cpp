#include "kernels/redshift/line_spread.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace zspex::kernels {
namespace {

constexpr double cut_off = 5;  // sigma: 6e-7 of a Gaussian are beyond

double sigma_at(double wave, double r_fwhm) { return wave / r_fwhm / (2 * std::sqrt(2 * std::numbers::ln2)); }

/// Lower edge of pixel i, also of pixels beyond the band, which are as wide as its last ones.
double edge(std::span<const double> wave, int i) {
  const int n = static_cast<int>(wave.size());
  const auto center = [&](int k) {
    if (k < 0) return wave[0] + k * (wave[1] - wave[0]);
    if (k >= n) return wave[n - 1] + (k - n + 1) * (wave[n - 1] - wave[n - 2]);
    return wave[k];
  };
  return (center(i - 1) + center(i)) / 2;
}

}  // namespace

int line_spread_diagonals(std::span<const double> wave, double r_fwhm) {
  if (r_fwhm <= 0) return 1;
  const int n = static_cast<int>(wave.size());
  int half = 0;
  for (int j = 0; j < n; ++j) {
    const double pixel = edge(wave, j + 1) - edge(wave, j);
    const double reach = std::ceil(cut_off * sigma_at(wave[j], r_fwhm) / pixel);
    half = std::max(half, static_cast<int>(std::min(reach, static_cast<double>((n - 1) / 2))));
  }
  return 2 * half + 1;
}

std::vector<float> line_spread(std::span<const double> wave, double r_fwhm) {
  const int n = static_cast<int>(wave.size()), ndiag = line_spread_diagonals(wave, r_fwhm), half = ndiag / 2;
  std::vector<float> resolution(static_cast<std::size_t>(ndiag) * n, ndiag == 1 ? 1.0F : 0.0F);
  if (ndiag == 1) return resolution;
  std::vector<double> column(ndiag);
  for (int j = 0; j < n; ++j) {
    const double scale = 1 / (std::numbers::sqrt2 * sigma_at(wave[j], r_fwhm));
    double sum = 0;
    for (int k = 0; k < ndiag; ++k) {
      const int i = j - half + k;
      column[k] = (std::erf((edge(wave, i + 1) - wave[j]) * scale) - std::erf((edge(wave, i) - wave[j]) * scale)) / 2;
      sum += column[k];
    }
    for (int k = 0; k < ndiag; ++k) {
      const int i = j - half + k;
      if (i >= 0 && i < n) resolution[static_cast<std::size_t>(k) * n + j] = static_cast<float>(column[k] / sum);
    }
  }
  return resolution;
}

}  // namespace zspex::kernels
