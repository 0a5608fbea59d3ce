#include "kernels/base/host_only.hpp"
// clang-format off: host_only.hpp comes first
#include "kernels/base/simd.hpp"
// clang-format on

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "core/legendre.hpp"
#include "kernels/linalg/small_solve.hpp"
#include "kernels/redshift/detail/archetypes.hpp"

namespace zspex::kernels::detail {
namespace {

/// sum of a[i] b[i], always in the same order.
double dot(const double* a, const double* b, std::size_t n) {
  using S = Vector<double>;
  constexpr std::size_t width = host_simd_width;
  S sum[4] = {};
  std::size_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width)
    for (std::size_t k = 0; k < 4; ++k)
      sum[k] = fused(simd_load<S>(a + i + k * width), simd_load<S>(b + i + k * width), sum[k]);
  double total = simd_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < n; ++i) total = fused(a[i], b[i], total);
  return total;
}

}  // namespace

ArchetypeFitter::ArchetypeFitter(Archetypes archetypes, const Pixels& pixels, const ArchetypeSettings& settings)
    : archetypes_(std::move(archetypes)), pixels_(&pixels), settings_(settings) {
  const std::size_t narchetype = archetypes_.flux.extent(0), nsample = archetypes_.flux.extent(1);
  const int npolynomial = settings.degree * (settings.per_camera ? static_cast<int>(pixels_->wave.size()) : 1);
  if (std::max(settings.nnearest, 1) > static_cast<int>(narchetype))
    throw NumericsError("redshift", "archetypes of " + archetypes_.spectype + ": expected at least " +
                                        std::to_string(std::max(settings.nnearest, 1)) + ", found " +
                                        std::to_string(narchetype) + ". Lower --archetype-nnearest.");
  if (std::max(settings.nnearest, 1) + npolynomial > most_unknowns)
    throw NumericsError("redshift", "archetypes: expected at most " + std::to_string(most_unknowns) +
                                        " archetypes and polynomials in one fit, found " +
                                        std::to_string(std::max(settings.nnearest, 1) + npolynomial) +
                                        ". Lower --archetype-nnearest or --archetype-legendre-degree.");
  for (std::size_t first = 0; first < narchetype; first += group_size) {
    const std::size_t n = std::min(group_size, narchetype - first);
    Array2<double> group({n, nsample});
    for (std::size_t i = 0; i < n; ++i)
      std::copy_n(archetypes_.flux.row(first + i).begin(), nsample, group.row(i).begin());
    tables_.emplace_back(archetypes_.wave, group);
  }
}

std::vector<double> ArchetypeFitter::rebin(std::size_t group, double z, const Transmission& medium) const {
  std::vector<double> rows(static_cast<std::size_t>(tables_[group].nbasis()) * pixels_->layout.row, 0.0);
  pixels_->rebin(tables_[group], medium, z, rows.data());
  return rows;
}

Array2<double> ArchetypeFitter::legendre(std::size_t band) const {
  const auto& wave = pixels_->wave[band];
  Array2<double> values({static_cast<std::size_t>(settings_.degree), wave.size()});
  for (std::size_t p = 0; p < wave.size(); ++p) {
    const double u = 2 * (wave[p] - wave.front()) / (wave.back() - wave.front()) - 1;
    double before = 0, value = 1;
    for (int k = 0; k < settings_.degree; ++k) {
      values(k, p) = value;
      const double next = next_legendre(k, u, value, before);
      before = value;
      value = next;
    }
  }
  return values;
}

ArchetypeFitter::Column ArchetypeFitter::convolve(const Spectra<Host>& spectra, const TargetSpectra& target,
                                                  const double* row, int band) const {
  Column column;
  column.values.assign(static_cast<std::size_t>(target.npixel), 0.0);
  column.first = column.values.size();
  std::size_t at = 0;
  for (int is = target.first; is < target.last; ++is) {
    const Spectrum& spectrum = spectra.spectra(is);
    const auto n = static_cast<std::size_t>(spectrum.npixel);
    if (band < 0 || spectrum.band == band) {
      column.first = std::min(column.first, at);
      column.last = at + n;
      for (int strip = 0; strip < spectrum.npixel; strip += strip_width) {
        double* to = column.values.data() + at + strip;
        spectra.convolve_strip(spectrum, row, strip, to);
        for (int lane = 0; lane < strip_width; ++lane) to[lane] = spectra.weights(spectrum)[strip + lane] * to[lane];
      }
    }
    at += n;
  }
  return column;
}

std::vector<ArchetypeFitter::Column> ArchetypeFitter::legendre_columns(const Spectra<Host>& spectra,
                                                                       const TargetSpectra& target) const {
  std::vector<Column> columns;
  for (int k = 0; k < settings_.degree; ++k) {
    std::vector<double> row(pixels_->layout.row, 0.0);
    for (std::size_t band = 0; band < pixels_->wave.size(); ++band) {
      const auto polynomials = legendre(band);
      std::copy_n(polynomials.row(k).begin(), pixels_->wave[band].size(),
                  row.begin() + pixels_->layout.bands[band].first);
    }
    if (!settings_.per_camera) {
      columns.push_back(convolve(spectra, target, row.data(), -1));
      continue;
    }
    for (std::size_t band = 0; band < pixels_->wave.size(); ++band)
      columns.push_back(convolve(spectra, target, row.data(), static_cast<int>(band)));
  }
  // Of polynomials [degree][nband] the order is made [nband][degree].
  if (!settings_.per_camera) return columns;
  std::vector<Column> by_band;
  for (std::size_t band = 0; band < pixels_->wave.size(); ++band)
    for (int k = 0; k < settings_.degree; ++k) by_band.push_back(std::move(columns[k * pixels_->wave.size() + band]));
  return by_band;
}

ArchetypeFitter::Solution ArchetypeFitter::solve(const Spectra<Host>& spectra, const TargetSpectra& target,
                                                 const std::vector<const Column*>& columns, int narchetype) const {
  // Columns without pixels, of cameras that the target doesn't have, stay out of the fit.
  std::vector<int> used;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i]->first < columns[i]->last) used.push_back(static_cast<int>(i));
  const int n = static_cast<int>(used.size());
  std::vector<double> flux;
  for (int is = target.first; is < target.last; ++is) {
    const Spectrum& spectrum = spectra.spectra(is);
    flux.insert(flux.end(), spectra.flux(spectrum), spectra.flux(spectrum) + spectrum.npixel);
  }
  std::vector<double> m(static_cast<std::size_t>(n) * n), y(n), c(n);
  for (int i = 0; i < n; ++i) {
    const Column& a = *columns[used[i]];
    y[i] = dot(a.values.data() + a.first, flux.data() + a.first, a.last - a.first);
    for (int j = 0; j <= i; ++j) {
      const Column& b = *columns[used[j]];
      const std::size_t first = std::max(a.first, b.first), last = std::min(a.last, b.last);
      m[i * n + j] = m[j * n + i] =
          first < last ? dot(a.values.data() + first, b.values.data() + first, last - first) : 0;
    }
    if (used[i] >= narchetype && settings_.per_camera && settings_.prior > 0)
      m[i * n + i] += 1 / (settings_.prior * settings_.prior);
  }
  Solution solution;
  solution.coeff.assign(columns.size(), 0.0);
  if (!solve_partly_nonnegative(n, narchetype, m.data(), y.data(), c.data())) return solution;
  for (int i = 0; i < n; ++i) {
    const Column& a = *columns[used[i]];
    solution.coeff[used[i]] = c[i];
    for (std::size_t p = a.first; p < a.last; ++p) flux[p] = fused(-c[i], a.values[p], flux[p]);
  }
  solution.chi2 = dot(flux.data(), flux.data(), flux.size());
  return solution;
}

void ArchetypeFitter::refit(const Spectra<Host>& spectra, std::size_t itarget, const Transmission& medium,
                            Zfit& fit) const {
  const TargetSpectra& target = spectra.targets(itarget);
  const auto polynomials = legendre_columns(spectra, target);
  const auto with_polynomials = [&](std::vector<const Column*> columns) {
    for (const Column& column : polynomials) columns.push_back(&column);
    return columns;
  };
  const std::size_t nkept = static_cast<std::size_t>(std::max(settings_.nnearest, 1));
  struct Candidate {
    int archetype;
    Solution solution;
    Column column;
  };
  std::vector<Candidate> nearest;  // the least chi^2 first
  for (std::size_t group = 0; group < tables_.size(); ++group) {
    const auto rows = rebin(group, fit.z, medium);
    for (int i = 0; i < tables_[group].nbasis(); ++i) {
      Candidate candidate{static_cast<int>(group * group_size) + i,
                          {},
                          convolve(spectra, target, rows.data() + i * pixels_->layout.row, -1)};
      candidate.solution = solve(spectra, target, with_polynomials({&candidate.column}), 1);
      const auto place = std::find_if(nearest.begin(), nearest.end(), [&](const Candidate& other) {
        return candidate.solution.chi2 < other.solution.chi2;
      });
      nearest.insert(place, std::move(candidate));
      if (nearest.size() > nkept) nearest.pop_back();
    }
  }
  Solution best = nearest.front().solution;
  if (settings_.nnearest > 0) {
    std::vector<const Column*> columns;
    for (const Candidate& candidate : nearest) columns.push_back(&candidate.column);
    best = solve(spectra, target, with_polynomials(std::move(columns)), static_cast<int>(nkept));
  }
  fit.pca_coeff = std::move(fit.coeff);
  fit.pca_spectype = fit.spectype;
  fit.pca_subtype = std::move(fit.subtype);
  fit.method = FitMethod::archetype;
  fit.chi2 = fit.model_chi2 = best.chi2;
  fit.coeff.assign(best.coeff.begin(), best.coeff.begin() + static_cast<std::ptrdiff_t>(nkept));
  fit.legcoeff.assign(best.coeff.begin() + static_cast<std::ptrdiff_t>(nkept), best.coeff.end());
  fit.ncoeff = static_cast<int>(nkept);
  fit.subtype.clear();
  fit.archetypes.clear();
  for (const Candidate& candidate : nearest) {
    fit.archetypes.push_back(candidate.archetype);
    if (!fit.subtype.empty()) fit.subtype += ';';
    fit.subtype += archetypes_.subtypes[candidate.archetype];
  }
}

std::vector<double> ArchetypeFitter::model(const Zfit& fit, const Transmission& medium) const {
  std::vector<double> sum(pixels_->layout.row, 0.0);
  for (std::size_t i = 0; i < fit.archetypes.size(); ++i) {
    const auto archetype = static_cast<std::size_t>(fit.archetypes[i]);
    const auto rows = rebin(archetype / group_size, fit.z, medium);
    const double* row = rows.data() + archetype % group_size * pixels_->layout.row;
    for (std::size_t p = 0; p < pixels_->layout.row; ++p) sum[p] = fused(fit.coeff[i], row[p], sum[p]);
  }
  for (std::size_t band = 0; band < pixels_->wave.size(); ++band) {
    const auto polynomials = legendre(band);
    for (int k = 0; k < settings_.degree; ++k) {
      const double c = fit.legcoeff[settings_.per_camera ? band * settings_.degree + k : k];
      double* to = sum.data() + pixels_->layout.bands[band].first;
      for (std::size_t p = 0; p < pixels_->wave[band].size(); ++p) to[p] = fused(c, polynomials(k, p), to[p]);
    }
  }
  return sum;
}

}  // namespace zspex::kernels::detail
