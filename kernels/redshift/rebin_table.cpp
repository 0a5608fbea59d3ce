#include "kernels/base/host_only.hpp"
// clang-format off: host_only.hpp comes first
#include "kernels/redshift/rebin_table.hpp"
// clang-format on

#include <algorithm>
#include <cmath>

#include "kernels/redshift/detail/rebin.hpp"

namespace zspex::kernels {

std::vector<double> bin_edges(std::span<const double> centers) {
  const std::size_t n = centers.size();
  std::vector<double> edges(n + 1);
  for (std::size_t i = 1; i < n; ++i) edges[i] = (centers[i - 1] + centers[i]) / 2;
  edges[0] = centers[0] - (centers[1] - edges[1]);
  edges[n] = centers[n - 1] + (centers[n - 1] - edges[n - 1]);
  return edges;
}

RebinTable::RebinTable(std::span<const double> wave, const Array2<double>& basis)
    : nbasis_(static_cast<int>(basis.extent(0))), wave_(wave.begin(), wave.end()) {
  const std::size_t nsample = wave_.size(), record = static_cast<std::size_t>(detail::record_size(nbasis_));
  samples_.resize(nsample * record);
  for (int b = 0; b < nbasis_; ++b) {
    const auto offset = detail::record_offset(nbasis_, b);
    double integral = 0;
    for (std::size_t j = 0; j < nsample; ++j) {
      if (j > 0) integral += (wave_[j] - wave_[j - 1]) * (basis(b, j) + basis(b, j - 1)) / 2;
      double* const to = &samples_[j * record + static_cast<std::size_t>(offset.integral)];
      to[0] = integral;
      to[offset.apart] = basis(b, j);
    }
  }
  guides_per_angstrom_ = static_cast<double>(nsample - 1) / (wave_.back() - wave_.front());
  constexpr double rounding = 1e-6;  // of a step
  even_ = true;
  for (std::size_t j = 0; j < nsample; ++j)
    even_ = even_ && std::fabs((wave_[j] - wave_.front()) * guides_per_angstrom_ - static_cast<double>(j)) < rounding;
  if (even_) return;
  guide_.resize(nsample);
  for (std::size_t i = 0, j = 0; i < nsample; ++i) {
    const double x = wave_.front() + static_cast<double>(i) / guides_per_angstrom_;
    while (j + 2 < nsample && wave_[j + 1] <= x) ++j;
    guide_[i] = static_cast<std::uint32_t>(j);
  }
}

bool RebinTable::covers(std::span<const double> edges, double zmin, double zmax) const {
  return edges.front() >= wave_.front() * (1 + zmax) && edges.back() <= wave_.back() * (1 + zmin);
}

}  // namespace zspex::kernels
