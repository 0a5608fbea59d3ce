#include <algorithm>

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
    for (std::size_t p = 0; p < layout_.row; ++p) sum[p] += fit.coeff[b] * basis[b * layout_.row + p];
  return sum;
}

std::vector<std::vector<float>> Engine::model(const Target& target, const Zfit& fit) const {
  std::vector<std::vector<float>> models;
  const std::vector<double> sum = intrinsic_model(fit);
  for (std::size_t band = 0; band < wave_.size(); ++band) {
    auto& model = models.emplace_back(wave_[band].size(), 0.0F);
    for (const auto& spectrum : target.spectra) {
      if (spectrum.band != static_cast<int>(band)) continue;
      const int nwave = static_cast<int>(model.size()), half = spectrum.ndiag / 2;
      for (int p = 0; p < nwave; ++p) {
        double value = 0;
        for (int k = 0; k < spectrum.ndiag; ++k) {
          const int column = p + half - k;
          if (column < 0 || column >= nwave) continue;
          value += spectrum.resolution[static_cast<std::size_t>(k) * nwave + column] *
                   sum[layout_.bands[band].first + column];
        }
        model[p] = static_cast<float>(value);
      }
    }
  }
  return models;
}

}  // namespace zspex::kernels::detail
