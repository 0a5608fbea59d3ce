#include <algorithm>

#include "kernels/base/fused.hpp"
#include "kernels/redshift/detail/engine.hpp"

namespace zspex::kernels::detail {

std::vector<double> Engine::intrinsic_model(const Zfit& fit) const {
  if (fit.method == FitMethod::archetype) return archetypes_of(fit.itemplate)->model(fit, transmission_[fit.itemplate]);
  std::vector<double> sum(layout_.row, 0.0);
  const bool dark = std::all_of(fit.coeff.begin(), fit.coeff.end(), [](double c) { return c == 0; });
  if (dark || !covers(fit.itemplate, fit.z, fit.z)) return sum;
  std::vector<double> basis(slice_size(fit.itemplate, 1));
  rebin(fit.itemplate, {&fit.z, 1}, basis.data());
  for (int b = 0; b < templates_[fit.itemplate].nbasis(); ++b)
    for (std::size_t p = 0; p < layout_.row; ++p) sum[p] = fused(fit.coeff[b], basis[b * layout_.row + p], sum[p]);
  return sum;
}

std::vector<std::vector<float>> Engine::model(const PackedTarget& target, const Zfit& fit) const {
  std::vector<std::vector<float>> models;
  for (const auto& grid : wave_) models.emplace_back(grid.size(), 0.0F);
  const std::vector<double> sum = intrinsic_model(fit);
  for (const PackedSpectrum& spectrum : target.spectra) {
    auto& model = models[static_cast<std::size_t>(spectrum.band)];
    const double* from = sum.data() + layout_.bands[spectrum.band].first - spectrum.ndiag / 2;
    for (std::size_t p = 0; p < model.size(); ++p) {
      const float* row = spectrum.rows + p / strip_width * spectrum.ndiag * strip_width + p % strip_width;
      double value = 0;
      for (int m = 0; m < spectrum.ndiag; ++m)
        value = fused(static_cast<double>(row[m * strip_width]), from[p + m], value);
      model[p] = static_cast<float>(value);
    }
  }
  return models;
}

}  // namespace zspex::kernels::detail
