#include "kernels/redshift/rebin.hpp"

#include <algorithm>

namespace zspex::kernels {

std::vector<double> bin_edges(std::span<const double> centres) {
  const std::size_t n = centres.size();
  std::vector<double> edges(n + 1);
  for (std::size_t i = 1; i < n; ++i) edges[i] = (centres[i - 1] + centres[i]) / 2;
  edges[0] = centres[0] - (centres[1] - edges[1]);
  edges[n] = centres[n - 1] + (centres[n - 1] - edges[n - 1]);
  return edges;
}

Rebinner::Rebinner(std::span<const double> wave, const Array2<double>& basis)
    : nbasis_(static_cast<int>(basis.extent(0))), wave_(wave.begin(), wave.end()), samples_(wave.size() * nbasis_ * 2) {
  for (int b = 0; b < nbasis_; ++b) {
    double integral = 0;
    for (std::size_t j = 0; j < wave_.size(); ++j) {
      if (j > 0) integral += (wave_[j] - wave_[j - 1]) * (basis(b, j) + basis(b, j - 1)) / 2;
      samples_[(j * nbasis_ + b) * 2] = integral;
      samples_[(j * nbasis_ + b) * 2 + 1] = basis(b, j);
    }
  }
}

bool Rebinner::covers(std::span<const double> edges, double zmin, double zmax) const {
  return edges.front() >= wave_.front() * (1 + zmax) && edges.back() <= wave_.back() * (1 + zmin);
}

std::size_t Rebinner::sample_below(double x, std::size_t hint) const {
  // Edges come in growing order: the next one is a few samples on, or a gap between bands away.
  const std::size_t last = wave_.size() - 2;
  std::size_t j = hint;
  for (std::size_t step = 1; j < last && wave_[j + 1] <= x; step *= 2) {
    const std::size_t next = std::min(j + step, last + 1);
    if (wave_[next] <= x) {
      j = std::min(next, last);
      continue;
    }
    return static_cast<std::size_t>(std::upper_bound(wave_.begin() + j + 1, wave_.begin() + next, x) - wave_.begin()) -
           1;
  }
  return j;
}

template <class Real>
void Rebinner::rebin(std::span<const double> edges, double z, Real* out, std::size_t stride) const {
  const int nbasis = nbasis_;
  const double scale = 1 + z;
  const std::size_t nbin = edges.size() - 1;
  std::vector<double> before(nbasis);
  std::size_t j = sample_below(edges[0] / scale, 0);
  for (std::size_t i = 0; i <= nbin; ++i) {
    const double x = edges[i] / scale;
    j = sample_below(x, j);
    const double reach = x - wave_[j], slope_part = reach * reach / 2 / (wave_[j + 1] - wave_[j]);
    const double* here = samples_.data() + j * nbasis * 2;
    const double* next = here + nbasis * 2;
    const double factor = i == 0 ? 0 : scale / (edges[i] - edges[i - 1]);
    for (int b = 0; b < nbasis; ++b) {
      const double value = here[2 * b + 1];
      const double integral = here[2 * b] + reach * value + slope_part * (next[2 * b + 1] - value);
      if (i > 0) out[b * stride + i - 1] = static_cast<Real>((integral - before[b]) * factor);
      before[b] = integral;
    }
  }
}

template void Rebinner::rebin<float>(std::span<const double>, double, float*, std::size_t) const;
template void Rebinner::rebin<double>(std::span<const double>, double, double*, std::size_t) const;

}  // namespace zspex::kernels
