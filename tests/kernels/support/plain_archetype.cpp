#include "tests/kernels/support/plain_archetype.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace zspex::test {

std::vector<Light> legendre_plainly(int degree, const Grids& grids) {
  if (degree > 5) throw std::logic_error("legendre_plainly: expected at most 5 polynomials");
  std::vector<Light> all(degree);
  for (int k = 0; k < degree; ++k)
    for (const auto& grid : grids) {
      auto& band = all[k].emplace_back();
      for (const double wave : grid) {
        const Real u =
            2 * (wave - static_cast<Real>(grid.front())) / (grid.back() - static_cast<Real>(grid.front())) - 1;
        const Real values[5] = {1, u, (3 * u * u - 1) / 2, u * (5 * u * u - 3) / 2,
                                ((35 * u * u - 30) * u * u + 3) / 8};
        band.push_back(values[k]);
      }
    }
  return all;
}

PlainArchetypes archetypes_plainly(const kernels::Target& target, const Grids& grids, const kernels::Archetypes& set,
                                   kernels::IgmModel igm, double z, const kernels::ArchetypeSettings& settings) {
  const auto lights = observe_plainly(set.wave, set.flux, z, igm, grids);
  const auto polynomials = legendre_plainly(settings.degree, grids);
  const auto fit_together = [&](const std::vector<int>& which, std::vector<Real>& legcoeff) {
    PlainSystem system = system_plainly(target);
    std::vector<Real> prior;
    for (const int i : which) {
      double largest = 0;
      for (const double value : set.flux.row(i)) largest = std::max(largest, std::fabs(value));
      add_column_plainly(system, target, lights[i], largest);
      prior.push_back(0);
    }
    std::vector<std::size_t> places;  // of polynomials among legcoeff
    for (std::size_t band = 0; band < (settings.per_camera ? grids.size() : 1); ++band) {
      const bool there = std::any_of(target.spectra.begin(), target.spectra.end(), [&](const auto& spectrum) {
        return spectrum.band == static_cast<int>(band) &&
               std::any_of(spectrum.ivar.begin(), spectrum.ivar.end(), [](double ivar) { return ivar > 0; });
      });
      if (settings.per_camera && !there) continue;
      for (int k = 0; k < settings.degree; ++k) {
        add_column_plainly(system, target, polynomials[k], 1, settings.per_camera ? static_cast<int>(band) : -1);
        prior.push_back(settings.per_camera && settings.prior > 0 ? 1 / std::pow(static_cast<Real>(settings.prior), 2)
                                                                  : 0);
        places.push_back(band * settings.degree + k);
      }
    }
    PlainFit fit = fit_plainly(system, static_cast<int>(which.size()), prior);
    legcoeff.assign((settings.per_camera ? grids.size() : 1) * settings.degree, 0);
    for (std::size_t i = 0; i < places.size(); ++i) legcoeff[places[i]] = fit.coeff[which.size() + i];
    return fit;
  };

  PlainArchetypes best;
  std::vector<Real> chi2;
  for (int i = 0; i < static_cast<int>(set.flux.extent(0)); ++i) chi2.push_back(fit_together({i}, best.legcoeff).chi2);
  std::vector<int> order(chi2.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return chi2[a] < chi2[b]; });
  best.nearest.assign(order.begin(), order.begin() + std::max(settings.nnearest, 1));
  best.fit = fit_together(best.nearest, best.legcoeff);
  return best;
}

}  // namespace zspex::test
