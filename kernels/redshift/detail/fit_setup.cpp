#include "kernels/redshift/detail/fit_setup.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "core/error.hpp"
#include "kernels/redshift/detail/solve_normal.hpp"

namespace zspex::kernels::detail {
namespace {

/// Sums of each basis vector's samples around [OII], for galaxies fitted with any sign.
std::vector<double> oii_sums(const Template& tmpl) {
  if (tmpl.spectype != "GALAXY" || tmpl.method != FitMethod::pca) return {};
  std::vector<double> sums(tmpl.nbasis(), 0.0);
  for (int b = 0; b < tmpl.nbasis(); ++b)
    for (std::size_t j = 0; j < tmpl.wave.size(); ++j)
      if (tmpl.wave[j] >= 3724 && tmpl.wave[j] <= 3733) sums[b] += tmpl.basis(b, j);
  return sums;
}

std::string angstrom(double value) { return std::to_string(static_cast<long long>(value + 0.5)); }

[[noreturn]] void refuse_coverage(const std::string& what, const Pixels& pixels, const std::vector<double>& wave,
                                  const std::vector<double>& redshifts) {
  double least = pixels.band_edges(0).front(), most = pixels.band_edges(0).back();
  for (std::size_t band = 1; band < pixels.wave.size(); ++band) {
    least = std::min(least, pixels.band_edges(band).front());
    most = std::max(most, pixels.band_edges(band).back());
  }
  const double zmin = redshifts.front(), zmax = redshifts.back();
  throw NumericsError("redshift",
                      what + ": expected rest wavelengths from " + angstrom(least / (1 + zmax)) + " to " +
                          angstrom(most / (1 + zmin)) + " Angstrom, to cover the spectra at redshifts " +
                          std::to_string(zmin) + " to " + std::to_string(zmax) + ", found " + angstrom(wave.front()) +
                          " to " + angstrom(wave.back()) +
                          ". Narrow the scan (--zscan-galaxy, --zscan-qso, --zscan-star), or use longer ones.");
}

/// Floats of the mixed scan hold a template, and it times R and sqrt(ivar).
void refuse_extremes(const Template& tmpl) {
  constexpr double least = 1e-30, most = 1e30;
  double largest = 0;
  for (const double value : tmpl.basis) largest = std::max(largest, std::fabs(value));
  if (largest == 0 || (largest >= least && largest <= most)) return;
  std::array<char, 32> found{};
  std::snprintf(found.data(), found.size(), "%.3g", largest);
  throw NumericsError("redshift", "template " + tmpl.full_type() +
                                      ": expected its largest value from 1e-30 to 1e30, as the scan works in single "
                                      "precision, found " +
                                      found.data() + ". Scale the template, or use --precision double.");
}

}  // namespace

FitSetup::FitSetup(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
                   const std::vector<Archetypes>& archetypes)
    : pixels_(std::move(wave), settings.max_ndiag), templates_(std::move(templates)), settings_(settings) {
  for (std::size_t it = 0; it < templates_.size(); ++it) {
    const Template& tmpl = templates_[it];
    if (tmpl.nbasis() > most_unknowns)
      throw NumericsError("redshift", "template " + tmpl.full_type() + ": expected at most " +
                                          std::to_string(most_unknowns) + " basis vectors, found " +
                                          std::to_string(tmpl.nbasis()) + ". Leave some out.");
    if (settings.mixed) refuse_extremes(tmpl);
    tables_.emplace_back(tmpl.wave, tmpl.basis);
    transmissions_.emplace_back(tmpl.igm, pixels_.centers);
    oii_.push_back(oii_sums(tmpl));
    if (!covers(static_cast<int>(it), tmpl.redshifts.front(), tmpl.redshifts.back()))
      refuse_coverage("template " + tmpl.full_type(), pixels_, tmpl.wave, tmpl.redshifts);
  }
  for (const auto& set : archetypes) {
    archetypes_.emplace_back(set, pixels_, settings.archetypes);
    for (const Template& tmpl : templates_)
      if (tmpl.spectype == set.spectype && !archetypes_.back().covers(tmpl.redshifts.front(), tmpl.redshifts.back()))
        refuse_coverage("archetypes of " + set.spectype, pixels_, set.wave, tmpl.redshifts);
  }
}

const ArchetypeFitter* FitSetup::archetypes_of(int itemplate) const {
  const auto found = std::find_if(archetypes_.begin(), archetypes_.end(), [&](const ArchetypeFitter& one) {
    return one.archetypes().spectype == templates_[itemplate].spectype;
  });
  return found == archetypes_.end() ? nullptr : &*found;
}

bool FitSetup::is_negative(const Zfit& fit) const {
  for (int it = 0; it < static_cast<int>(templates_.size()); ++it)
    if (archetypes_of(it) == nullptr) return false;  // coefficients are never below zero
  return settings_.archetypes.nnearest == 0 && fit.coeff.front() <= 0;
}

void FitSetup::fit_archetypes(const Spectra<Host>& spectra, std::size_t itarget, Zfit& fit) const {
  const ArchetypeFitter* archetypes = archetypes_of(fit.itemplate);
  if (archetypes == nullptr) return;
  archetypes->refit(spectra, itarget, transmissions_[fit.itemplate], fit);
  if (is_negative(fit)) fit.zwarn |= zwarn::negative_model;
}

double FitSetup::penalty(int itemplate, const double* coeff) const {
  const auto& sums = oii_[itemplate];
  return negative_light(static_cast<int>(sums.size()), coeff, sums.data());
}

std::vector<double> FitSetup::intrinsic_model(const Zfit& fit) const {
  const Transmission& medium = transmissions_[fit.itemplate];
  if (fit.method == FitMethod::archetype) return archetypes_of(fit.itemplate)->model(fit, medium);
  const std::size_t row = layout().row;
  std::vector<double> sum(row, 0.0);
  const bool dark = std::all_of(fit.coeff.begin(), fit.coeff.end(), [](double c) { return c == 0; });
  if (dark || !covers(fit.itemplate, fit.z, fit.z)) return sum;
  const int nbasis = templates_[fit.itemplate].nbasis();
  std::vector<double> basis(slice_size(fit.itemplate, 1), 0.0);
  pixels_.rebin(tables_[fit.itemplate], medium, fit.z, basis.data());
  for (int b = 0; b < nbasis; ++b)
    for (std::size_t p = 0; p < row; ++p) sum[p] = fused(fit.coeff[b], basis[b * row + p], sum[p]);
  return sum;
}

std::vector<std::vector<float>> FitSetup::model(const Spectra<Host>& spectra, std::size_t itarget,
                                                const Zfit& fit) const {
  std::vector<std::vector<float>> models;
  for (const auto& grid : wave()) models.emplace_back(grid.size(), 0.0F);
  const std::vector<double> sum = intrinsic_model(fit);
  const TargetSpectra& target = spectra.targets(itarget);
  for (int is = target.first; is < target.last; ++is) {
    const Spectrum& spectrum = spectra.spectra(is);
    auto& model = models[static_cast<std::size_t>(spectrum.band)];
    std::vector<double> convolved(static_cast<std::size_t>(spectrum.npixel));
    for (int strip = 0; strip < spectrum.npixel; strip += strip_width)
      spectra.convolve_strip(spectrum, sum.data(), strip, convolved.data() + strip);
    std::copy_n(convolved.begin(), model.size(), model.begin());
  }
  return models;
}

}  // namespace zspex::kernels::detail
