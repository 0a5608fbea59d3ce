#include "kernels/redshift/rebin.hpp"

#include <algorithm>
#include <cmath>

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
    : nbasis_(static_cast<int>(basis.extent(0))),
      padded_((nbasis_ + lanes - 1) / lanes * lanes),
      wave_(wave.begin(), wave.end()),
      samples_((wave.size() * padded_ * 2 + 7) / 8) {
  double* samples = samples_.data()->values;
  for (int b = 0; b < nbasis_; ++b) {
    double integral = 0;
    for (std::size_t j = 0; j < wave_.size(); ++j) {
      if (j > 0) integral += (wave_[j] - wave_[j - 1]) * (basis(b, j) + basis(b, j - 1)) / 2;
      samples[j * 2 * padded_ + b] = integral;
      samples[(j * 2 + 1) * padded_ + b] = basis(b, j);
    }
  }
  const std::size_t nguide = wave_.size();
  guides_per_angstrom_ = static_cast<double>(nguide - 1) / (wave_.back() - wave_.front());
  guide_.resize(nguide);
  for (std::size_t i = 0, j = 0; i < nguide; ++i) {
    const double x = wave_.front() + static_cast<double>(i) / guides_per_angstrom_;
    while (j + 2 < wave_.size() && wave_[j + 1] <= x) ++j;
    guide_[i] = static_cast<std::uint32_t>(j);
  }
  constexpr double rounding = 1e-6;  // of a step
  even_ = true;
  for (std::size_t j = 0; j < wave_.size(); ++j)
    even_ = even_ && std::fabs((wave_[j] - wave_.front()) * guides_per_angstrom_ - static_cast<double>(j)) < rounding;
}

bool Rebinner::covers(std::span<const double> edges, double zmin, double zmax) const {
  return edges.front() >= wave_.front() * (1 + zmax) && edges.back() <= wave_.back() * (1 + zmin);
}

std::size_t Rebinner::sample_below(double x) const {
  const double at = std::max(0.0, (x - wave_.front()) * guides_per_angstrom_);
  std::size_t j = guide_[std::min(static_cast<std::size_t>(at), guide_.size() - 1)];
  while (j + 2 < wave_.size() && wave_[j + 1] <= x) ++j;
  while (j > 0 && wave_[j] > x) --j;
  return j;
}

void Rebinner::find_places(std::span<const double> x, Place* places) const {
  const std::size_t n = x.size();
  if (even_) {
    const double first = wave_.front(), step = 1 / guides_per_angstrom_;
    const auto last = static_cast<double>(wave_.size() - 2);
    for (std::size_t i = 0; i < n; ++i) {
      const double at = (x[i] - first) * guides_per_angstrom_;
      const double sample = std::min(std::max(std::floor(at), 0.0), last);
      places[i] = {static_cast<std::int64_t>(sample), (at - sample) * step, (at - sample) * (at - sample) * step / 2};
    }
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t j = sample_below(x[i]);
    const double reach = x[i] - wave_[j];
    places[i] = {static_cast<std::int64_t>(j), reach, reach * reach / 2 / (wave_[j + 1] - wave_[j])};
  }
}

template <int nlane, class Real>
void Rebinner::average(std::span<const Place> places, const double* inverse_width, int first, Real* out,
                       std::size_t stride) const {
  double integral[nlane], before[nlane] = {};
  double mean[piece_bins][nlane];
  const std::size_t padded = static_cast<std::size_t>(padded_);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Place& place = places[i];
    const double* sum = sample(static_cast<std::size_t>(place.sample)) + first;
    const double* value = sum + padded;
    const double* next = value + 2 * padded;
    for (int b = 0; b < nlane; ++b) integral[b] = sum[b] + place.reach * value[b] + place.slope * (next[b] - value[b]);
    if (i > 0)
      for (int b = 0; b < nlane; ++b) mean[i - 1][b] = (integral[b] - before[b]) * inverse_width[i - 1];
    for (int b = 0; b < nlane; ++b) before[b] = integral[b];
  }
  const std::size_t nbin = places.size() - 1;
  for (int b = 0; b < std::min(nlane, nbasis_ - first); ++b)
    for (std::size_t i = 0; i < nbin; ++i) out[b * stride + i] = static_cast<Real>(mean[i][b]);
}

template <class Real>
void Rebinner::rebin(std::span<const double> edges, double z, Real* out, std::size_t stride) const {
  const double scale = 1 + z;
  Place places[piece_bins + 1];
  double x[piece_bins + 1], inverse_width[piece_bins];
  for (std::size_t begin = 0; begin + 1 < edges.size(); begin += piece_bins) {
    const std::size_t n = std::min(piece_bins + 1, edges.size() - begin);
    for (std::size_t i = 0; i < n; ++i) x[i] = edges[begin + i] / scale;
    for (std::size_t i = 0; i + 1 < n; ++i) inverse_width[i] = scale / (edges[begin + i + 1] - edges[begin + i]);
    find_places({x, n}, places);
    const std::span<const Place> block(places, n);
    for (int first = 0; first < padded_; first += 2 * lanes) {
      Real* to = out + first * stride + begin;
      if (padded_ - first > lanes)
        average<2 * lanes>(block, inverse_width, first, to, stride);
      else
        average<lanes>(block, inverse_width, first, to, stride);
    }
  }
}

template void Rebinner::rebin<float>(std::span<const double>, double, float*, std::size_t) const;
template void Rebinner::rebin<double>(std::span<const double>, double, double*, std::size_t) const;

}  // namespace zspex::kernels
