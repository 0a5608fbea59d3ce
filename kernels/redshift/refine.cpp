#include <algorithm>
#include <cmath>

#include "kernels/redshift/detail/engine.hpp"
#include "kernels/redshift/minima.hpp"

namespace zspex::kernels::detail {
namespace {

/// n points from `first` to `last`, both exact.
std::vector<double> even_grid(double first, double last, int n) {
  std::vector<double> grid(n);
  const double step = (last - first) / (n - 1);
  for (int k = 0; k < n; ++k) grid[k] = first + k * step;
  grid.back() = last;
  return grid;
}

bool close_to_any(double z, const std::vector<Zfit>& fits, double limit_km_s) {
  return std::any_of(fits.begin(), fits.end(),
                     [&](const Zfit& fit) { return std::fabs(velocity_km_s(z, fit.z)) < limit_km_s; });
}

}  // namespace

std::vector<LinearFit> Engine::fit_slice(const PackedTarget& target, int itemplate, int nz, const double* slice,
                                         double* coeff) const {
  const Template& tmpl = templates_[itemplate];
  const int nbasis = tmpl.nbasis(), nsum = products_of(nbasis);
  std::vector<LaneSum> sums(static_cast<std::size_t>(nz) * nsum, LaneSum{});
  FitRoom<double, 1> room(nbasis, settings_.max_ndiag);
  for (const Block& block : blocks_)
    add_block<double, 1>(block, {&target}, layout_, slice, nz, nbasis, room, sums.data());
  std::vector<LinearFit> fits;
  for (int iz = 0; iz < nz; ++iz) {
    double* c = coeff + iz * nbasis;
    LinearFit& fit = fits.emplace_back(solve_fit(tmpl.method, nbasis, sums.data() + iz * nsum, c));
    if (fit.cancelled) fit.chi2 = direct_chi2(target, layout_, slice + slice_size(itemplate, iz), nbasis, c);
  }
  return fits;
}

std::vector<double> Engine::fine_scan(const PackedTarget& target, int itemplate,
                                      std::span<const double> redshifts) const {
  const int nbasis = templates_[itemplate].nbasis(), nz = static_cast<int>(redshifts.size());
  std::vector<double> slice(slice_size(itemplate, nz)), coeff(static_cast<std::size_t>(nz) * nbasis), chi2;
  rebin(itemplate, redshifts, slice.data());
  for (const LinearFit& fit : fit_slice(target, itemplate, nz, slice.data(), coeff.data()))
    chi2.push_back(fit.chi2 + penalty(itemplate, coeff.data() + chi2.size() * nbasis));
  return chi2;
}

LinearFit Engine::fit_at(const PackedTarget& target, int itemplate, double z, std::vector<double>& coeff) const {
  coeff.assign(templates_[itemplate].nbasis(), 0.0);
  if (!covers(itemplate, z, z)) return {target.flux_square, false, false};
  std::vector<double> slice(slice_size(itemplate, 1));
  rebin(itemplate, {&z, 1}, slice.data());
  return fit_slice(target, itemplate, 1, slice.data(), coeff.data()).front();
}

std::vector<Engine::Valley> Engine::valleys(int itemplate, std::span<const double> chi2) const {
  const auto& z = templates_[itemplate].redshifts;
  const int last = static_cast<int>(z.size()) - 1;
  std::vector<Valley> found;
  for (const int i : find_minima(chi2))
    found.push_back({z[i], z[std::max(0, i - 1)], z[std::min(i + 1, last)], chi2[i]});
  return found;
}

std::vector<Engine::Valley> Engine::closer_valleys(const PackedTarget& target, int itemplate,
                                                   std::span<const double> chi2) const {
  constexpr int steps = 3;  // of the closer look, to one of the scan
  auto found = valleys(itemplate, chi2);
  found.resize(std::min(found.size(), static_cast<std::size_t>(settings_.ncandidates)));
  for (Valley& valley : found) {
    auto closer = even_grid(valley.first, valley.z, steps + 1);
    const auto right = even_grid(valley.z, valley.last, steps + 1);
    closer.insert(closer.end(), right.begin() + 1, right.end());
    if (valley.first == valley.z || valley.z == valley.last) closer = even_grid(valley.first, valley.last, steps + 1);
    const auto values = fine_scan(target, itemplate, closer);
    const auto middle = std::find(closer.begin(), closer.end(), valley.z) - closer.begin();
    const auto least = std::min_element(values.begin(), values.end()) - values.begin();
    const auto end = static_cast<std::ptrdiff_t>(closer.size()) - 1;
    valley.chi2 += values[least] - values[middle];  // keeps what a prior has added
    valley.z = closer[least];
    valley.first = closer[std::max<std::ptrdiff_t>(0, least - 1)];
    valley.last = closer[std::min(least + 1, end)];
  }
  std::stable_sort(found.begin(), found.end(), [](const Valley& a, const Valley& b) { return a.chi2 < b.chi2; });
  return found;
}

Zfit Engine::refine_at(const PackedTarget& target, int itemplate, const Valley& valley) const {
  const Template& tmpl = templates_[itemplate];
  const auto& z = tmpl.redshifts;
  const int nz = static_cast<int>(z.size());
  Zfit fit;
  fit.itemplate = itemplate;
  fit.method = tmpl.method;
  fit.npixels = target.npixels;
  fit.null_chi2 = target.flux_square;
  fit.ncoeff = tmpl.nbasis();
  fit.spectype = tmpl.spectype;
  fit.subtype = tmpl.subtype;
  fit.zz = even_grid(valley.first, valley.last, settings_.npoints);
  fit.zzchi2 = fine_scan(target, itemplate, fit.zz);
  const Vertex vertex = fit_parabola(fit.zz, fit.zzchi2);
  if (!vertex.good) fit.zwarn |= zwarn::bad_minfit;
  fit.z = vertex.z;
  fit.chi2 = vertex.chi2;
  fit.zerr = vertex.sigma;
  if (vertex.z < fit.zz.front() || vertex.z > fit.zz.back()) {
    fit.zwarn |= zwarn::bad_minfit;
    const auto least = std::min_element(fit.zzchi2.begin(), fit.zzchi2.end()) - fit.zzchi2.begin();
    fit.z = fit.zz[least];
    fit.chi2 = fit.zzchi2[least];
  }
  const double inner = z[std::min(1, nz - 1)], outer = z[std::max(nz - 2, 0)];
  if (fit.z < inner || fit.z > outer || vertex.z < inner || vertex.z > outer) fit.zwarn |= zwarn::z_fitlimit;
  fit.model_chi2 = fit_at(target, itemplate, fit.z, fit.coeff).chi2;
  return fit;
}

std::vector<Zfit> Engine::refine(const PackedTarget& target, int itemplate, std::span<const double> chi2) const {
  const Template& tmpl = templates_[itemplate];
  const double limit = tmpl.velocity_limit_km_s();
  std::vector<Zfit> fits;
  for (const Valley& valley : settings_.adaptive ? closer_valleys(target, itemplate, chi2) : valleys(itemplate, chi2)) {
    if (static_cast<int>(fits.size()) == settings_.nminima) break;
    if (close_to_any(valley.z, fits, limit)) continue;
    Zfit fit = refine_at(target, itemplate, valley);
    if (close_to_any(fit.z, fits, limit)) continue;
    if (const ArchetypeFitter* archetypes = archetypes_of(itemplate)) {
      archetypes->refit(target, transmission_[itemplate], fit);
      if (is_negative(fit)) fit.zwarn |= zwarn::negative_model;
    }
    fits.push_back(std::move(fit));
  }
  std::stable_sort(fits.begin(), fits.end(), [](const Zfit& a, const Zfit& b) { return a.chi2 < b.chi2; });
  return fits;
}

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
