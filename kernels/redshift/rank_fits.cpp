#include "kernels/redshift/rank_fits.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/redshift/minima.hpp"

namespace zspex::kernels {
namespace {

constexpr int bad_fit =
    zwarn::negative_model | zwarn::many_outliers | zwarn::z_fitlimit | zwarn::negative_emission | zwarn::bad_minfit;

bool is_bad(const Zfit& fit) { return (fit.zwarn & bad_fit) != 0; }

bool comes_first(const Zfit& a, const Zfit& b) { return is_bad(a) != is_bad(b) ? is_bad(b) : a.chi2 < b.chi2; }

/// The first `most` rows of each type; regrouped by type, as Redrock does, when any is left out.
std::vector<Zfit> trim(std::vector<Zfit> fits, int most) {
  std::map<std::string, std::vector<Zfit>> by_type;
  bool dropped = false;
  for (const Zfit& fit : fits) {
    auto& rows = by_type[fit.spectype];
    if (static_cast<int>(rows.size()) < most)
      rows.push_back(fit);
    else
      dropped = true;
  }
  if (!dropped) return fits;
  std::vector<Zfit> kept;
  for (auto& [type, rows] : by_type) kept.insert(kept.end(), rows.begin(), rows.end());
  std::stable_sort(kept.begin(), kept.end(), comes_first);
  return kept;
}

void compare_rows(std::vector<Zfit>& fits) {
  for (std::size_t i = 0; i < fits.size(); ++i) {
    Zfit& fit = fits[i];
    bool first = true;
    for (std::size_t j = 0; j < fits.size(); ++j) {
      if (j == i || is_bad(fits[j])) continue;
      const double limit = std::min(velocity_limit_km_s(fit.spectype), velocity_limit_km_s(fits[j].spectype));
      const double apart = std::fabs(velocity_km_s(fits[j].z, fit.z)), more = fits[j].chi2 - fit.chi2;
      if (apart >= limit && std::fabs(more) < 9) fit.zwarn |= zwarn::small_delta_chi2;
      if (j > i && apart > limit && (first || more < fit.deltachi2)) {
        fit.deltachi2 = more;
        first = false;
      }
    }
  }
}

/// Whether a file's float32 holds it.
bool fits_float(double value) { return std::isfinite(value) && std::fabs(value) <= most_float; }

/// The one place that looks at every number of a result: what isn't finite, or is too large for a file, is no fit.
void settle(Zfit& fit) {
  bool fine = true;
  const auto settle_number = [&](double& value, double instead) {
    if (fits_float(value)) return;
    value = instead;
    fine = false;
  };
  settle_number(fit.z, 0);
  settle_number(fit.zerr, -1);
  settle_number(fit.chi2, no_chi2);
  settle_number(fit.model_chi2, no_chi2);
  settle_number(fit.null_chi2, no_chi2);
  for (double& value : fit.zzchi2) settle_number(value, no_chi2);
  for (auto* list : {&fit.coeff, &fit.legcoeff, &fit.pca_coeff}) {
    // Not all so small, either, that a float32 is zero.
    const auto is_zero = [](double value) { return value == 0; };
    const bool vanish =
        !std::all_of(list->begin(), list->end(), is_zero) &&
        std::all_of(list->begin(), list->end(), [&](double value) { return is_zero(static_cast<float>(value)); });
    if (!vanish && std::all_of(list->begin(), list->end(), fits_float)) continue;
    std::fill(list->begin(), list->end(), 0.0);
    fine = false;
  }
  if (!fine) fit.zwarn |= zwarn::bad_minfit;
}

Zfit nothing_found(int npixels) {
  Zfit fit;
  fit.spectype = "GALAXY";
  fit.method = FitMethod::none;
  fit.chi2 = fit.model_chi2 = no_chi2;
  fit.npixels = npixels;
  fit.zwarn = npixels == 0 ? zwarn::nodata | zwarn::little_coverage : zwarn::bad_minfit;
  return fit;
}

}  // namespace

std::vector<Zfit> rank_fits(std::vector<Zfit> fits, int nminima, int npixels) {
  if (npixels == 0 || fits.empty()) fits = {nothing_found(npixels)};
  for (Zfit& fit : fits) settle(fit);
  for (Zfit& fit : fits)
    if (fit.npixels < 10 * fit.ncoeff) fit.zwarn |= zwarn::little_coverage;
  std::stable_sort(fits.begin(), fits.end(), comes_first);
  fits = trim(std::move(fits), nminima);
  for (std::size_t i = 0; i < fits.size(); ++i) fits[i].znum = static_cast<int>(i);
  compare_rows(fits);
  return fits;
}

void flag_fiber(std::span<Zfit> fits, const FiberState& fiber) {
  constexpr std::int64_t unassigned = 1 << 0, broken = 1 << 2, bad_position = 1 << 9, poor_position = 1 << 10,
                         bad_amplifiers = (1 << 22) | (1 << 23) | (1 << 24);
  const bool is_sky = fiber.objtype == "SKY", is_target = fiber.objtype == "TGT" || is_sky;
  const bool no_data = (fiber.status & (unassigned | broken | bad_position)) != 0 || !is_target;
  int bits = 0;
  if (fiber.status & poor_position) bits |= zwarn::poordata;
  if (fiber.status & broken) bits |= zwarn::unplugged;
  if (is_sky) bits |= zwarn::sky;
  if (fiber.status & bad_amplifiers) bits |= zwarn::little_coverage;
  if (!is_target) bits |= zwarn::bad_target;
  if (no_data) bits |= zwarn::nodata;
  for (Zfit& fit : fits) {
    fit.zwarn |= bits;
    if (!no_data) continue;
    fit.z = 0;
    fit.spectype = "GALAXY";
    fit.subtype.clear();
    std::fill(fit.coeff.begin(), fit.coeff.end(), 0.0);
    std::fill(fit.legcoeff.begin(), fit.legcoeff.end(), 0.0);
    fit.model_chi2 = fit.null_chi2;
    fit.method = FitMethod::none;
  }
}

}  // namespace zspex::kernels
