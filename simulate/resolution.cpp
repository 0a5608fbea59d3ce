#include "simulate/resolution.hpp"

#include <cmath>
#include <numbers>

#include "simulate/instrument.hpp"

namespace zspex::simulate {

SpotSizes spot_sizes(const io::PsfFile& psf, int ispec, std::span<const double> wave, double dwave) {
  SpotSizes sizes;
  for (const double at : wave) {
    const double rows = evaluate(psf.y, ispec, at + dwave / 2) - evaluate(psf.y, ispec, at - dwave / 2);  // a bin
    sizes.sigma.push_back(evaluate(psf.sigmay, ispec, at) / rows);
    sizes.npix.push_back(rows * 2 * std::sqrt(std::numbers::pi) * evaluate(psf.sigmax, ispec, at));
  }
  return sizes;
}

Resolution::Resolution(const SpotSizes& spots, int half)
    : half_(half), rows_({spots.sigma.size(), static_cast<std::size_t>(2 * half + 1)}) {
  for (std::size_t i = 0; i < spots.sigma.size(); ++i) {
    double sum = 0;
    for (int d = -half; d <= half; ++d) {
      const double x = d / spots.sigma[i];
      sum += rows_(i, d + half) = std::exp(-0.5 * x * x);
    }
    for (double& value : rows_.row(i)) value /= sum;
  }
}

std::vector<double> Resolution::smooth(std::span<const double> density, int pad) const {
  std::vector<double> smoothed(rows_.extent(0));
  for (std::size_t i = 0; i < smoothed.size(); ++i)
    for (std::size_t d = 0; d < rows_.extent(1); ++d)
      smoothed[i] += rows_(i, d) * density[i + d + static_cast<std::size_t>(pad - half_)];
  return smoothed;
}

void Resolution::store(std::span<float> diagonals) const {
  const auto nwave = static_cast<int>(rows_.extent(0));
  for (int k = 0; k <= 2 * half_; ++k)
    for (int j = 0; j < nwave; ++j) {
      const int i = j - half_ + k;
      diagonals[static_cast<std::size_t>(k * nwave + j)] =
          i >= 0 && i < nwave ? static_cast<float>(rows_(i, 2 * half_ - k)) : 0.0f;
    }
}

}  // namespace zspex::simulate
