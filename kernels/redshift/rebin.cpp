#include "kernels/redshift/rebin.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "kernels/redshift/detail/vec.hpp"

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
      wave_(wave.begin(), wave.end()),
      samples_(wave.size() * nbasis_ * 2 + most_lanes, 0.0) {
  for (int b = 0; b < nbasis_; ++b) {
    double integral = 0;
    for (std::size_t j = 0; j < wave_.size(); ++j) {
      if (j > 0) integral += (wave_[j] - wave_[j - 1]) * (basis(b, j) + basis(b, j - 1)) / 2;
      samples_[j * 2 * nbasis_ + b] = integral;
      samples_[(j * 2 + 1) * nbasis_ + b] = basis(b, j);
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

void Rebinner::find_places(std::span<const double> x, Places& places) const {
  const std::size_t n = x.size();
  const std::int64_t record = 2 * nbasis_;
  if (even_) {
    const double first = wave_.front(), step = 1 / guides_per_angstrom_;
    const auto last = static_cast<double>(wave_.size() - 2);
    for (std::size_t i = 0; i < n; ++i) {
      const double at = (x[i] - first) * guides_per_angstrom_;
      const double sample = std::min(std::max(std::floor(at), 0.0), last);
      places.at[i] = record * static_cast<std::int64_t>(sample);
      places.reach[i] = (at - sample) * step;
      places.slope[i] = (at - sample) * (at - sample) * step / 2;
    }
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t j = sample_below(x[i]);
    const double reach = x[i] - wave_[j];
    places.at[i] = record * static_cast<std::int64_t>(j);
    places.reach[i] = reach;
    places.slope[i] = reach * reach / 2 / (wave_[j + 1] - wave_[j]);
  }
}

template <int nlane, class Real>
void Rebinner::average(const Places& places, std::size_t nbin, const double* inverse_width, int first, Real* out,
                       std::size_t stride) const {
  using V = std::conditional_t<(nlane < detail::vec_width<double>), detail::FourDoubles, detail::Vec<double>>;
  constexpr int width = sizeof(V) / sizeof(double), nvec = nlane / width;
  static_assert(nvec * width == nlane);
  const auto load = [](const double* from) {
    V lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
  };
  V integral[nvec], before[nvec];
  double mean[piece_bins][nlane];
  const double* samples = samples_.data() + first;
  const auto integrate = [&](std::size_t i) {
    const double* sum = samples + places.at[i];
    const double* value = sum + nbasis_;
    const double* next = value + 2 * nbasis_;
    ZSPEX_UNROLL
    for (int v = 0; v < nvec; ++v) {
      const V here = load(value + v * width);
      integral[v] =
          fused(places.slope[i], load(next + v * width) - here, fused(places.reach[i], here, load(sum + v * width)));
    }
  };
  integrate(0);
  for (std::size_t i = 0; i < nbin; ++i) {
    std::copy_n(integral, nvec, before);
    integrate(i + 1);
    ZSPEX_UNROLL
    for (int v = 0; v < nvec; ++v) {
      const V lanes = (integral[v] - before[v]) * inverse_width[i];
      std::memcpy(mean[i] + v * width, &lanes, sizeof lanes);
    }
  }
  for (int b = 0; b < std::min(nlane, nbasis_ - first); ++b)
    for (std::size_t i = 0; i < nbin; ++i) out[b * stride + i] = static_cast<Real>(mean[i][b]);
}

template <class Real>
void Rebinner::rebin(std::span<const double> edges, double z, Real* out, std::size_t stride) const {
  const double scale = 1 / (1 + z);
  Places places;
  double x[piece_bins + 1], inverse_width[piece_bins];
  for (std::size_t begin = 0; begin + 1 < edges.size(); begin += piece_bins) {
    const std::size_t n = std::min(piece_bins, edges.size() - begin - 1);
    for (std::size_t i = 0; i <= n; ++i) x[i] = edges[begin + i] * scale;
    for (std::size_t i = 0; i < n; ++i) inverse_width[i] = 1 / (x[i + 1] - x[i]);
    find_places({x, n + 1}, places);
    for (int first = 0; first < nbasis_; first += most_lanes) {
      Real* to = out + first * stride + begin;
      if (nbasis_ - first > most_lanes / 2)
        average<most_lanes>(places, n, inverse_width, first, to, stride);
      else
        average<most_lanes / 2>(places, n, inverse_width, first, to, stride);
    }
  }
}

template void Rebinner::rebin<float>(std::span<const double>, double, float*, std::size_t) const;
template void Rebinner::rebin<double>(std::span<const double>, double, double*, std::size_t) const;

}  // namespace zspex::kernels
