#include "kernels/redshift/detail/minimum_search.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/redshift/minima.hpp"

namespace zspex::kernels::detail {

std::vector<double> even_grid(double first, double last, int n) {
  std::vector<double> grid(n);
  const double step = (last - first) / (n - 1);
  for (int k = 0; k < n; ++k) grid[k] = first + k * step;
  grid.back() = last;
  return grid;
}

std::vector<double> closer_grid(const MinimumBracket& bracket) {
  constexpr int steps = 3;  // of the closer look, to one of the scan
  if (bracket.first == bracket.z || bracket.z == bracket.last) return even_grid(bracket.first, bracket.last, steps + 1);
  auto closer = even_grid(bracket.first, bracket.z, steps + 1);
  const auto right = even_grid(bracket.z, bracket.last, steps + 1);
  closer.insert(closer.end(), right.begin() + 1, right.end());
  return closer;
}

MinimumBracket closer_bracket(const MinimumBracket& bracket, std::span<const double> redshifts,
                              std::span<const double> chi2) {
  const auto middle = std::find(redshifts.begin(), redshifts.end(), bracket.z) - redshifts.begin();
  const auto least = std::min_element(chi2.begin(), chi2.end()) - chi2.begin();
  const auto end = static_cast<std::ptrdiff_t>(redshifts.size()) - 1;
  return {redshifts[least], redshifts[std::max<std::ptrdiff_t>(0, least - 1)], redshifts[std::min(least + 1, end)],
          bracket.chi2 + chi2[least] - chi2[middle]};  // keeps what a prior has added
}

MinimumSearch::MinimumSearch(const Template& tmpl, const FitSettings& settings, std::span<const double> chi2)
    : tmpl_(&tmpl), settings_(&settings) {
  const auto& z = tmpl.redshifts;
  const int last = static_cast<int>(z.size()) - 1;
  for (const int i : find_minima(chi2))
    brackets_.push_back({z[i], z[std::max(0, i - 1)], z[std::min(i + 1, last)], chi2[i]});
  if (settings.adaptive) brackets_.resize(std::min(brackets_.size(), static_cast<std::size_t>(settings.ncandidates)));
}

void MinimumSearch::sort_brackets() {
  std::stable_sort(brackets_.begin(), brackets_.end(),
                   [](const MinimumBracket& a, const MinimumBracket& b) { return a.chi2 < b.chi2; });
}

bool MinimumSearch::is_near_accepted(double z) const {
  return std::any_of(fits_.begin(), fits_.end(), [&](const Zfit& fit) {
    return std::fabs(velocity_km_s(z, fit.z)) < velocity_limit_km_s(tmpl_->spectype);
  });
}

std::optional<MinimumBracket> MinimumSearch::next() {
  if (static_cast<int>(fits_.size()) == settings_->nminima) return std::nullopt;
  while (next_ < brackets_.size()) {
    const MinimumBracket& bracket = brackets_[next_++];
    if (!is_near_accepted(bracket.z)) return bracket;
  }
  return std::nullopt;
}

Zfit MinimumSearch::fit_of(std::vector<double> zz, std::vector<double> zzchi2) const {
  Zfit fit;
  fit.method = tmpl_->method;
  fit.ncoeff = tmpl_->nbasis();
  fit.spectype = tmpl_->spectype;
  fit.subtype = tmpl_->subtype;
  fit.zz = std::move(zz);
  fit.zzchi2 = std::move(zzchi2);
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
  const auto& z = tmpl_->redshifts;
  const int nz = static_cast<int>(z.size());
  const double inner = z[std::min(1, nz - 1)], outer = z[std::max(nz - 2, 0)];
  if (fit.z < inner || fit.z > outer || vertex.z < inner || vertex.z > outer) fit.zwarn |= zwarn::z_fitlimit;
  return fit;
}

bool MinimumSearch::is_known(const Zfit& fit) const { return is_near_accepted(fit.z); }

std::vector<Zfit> MinimumSearch::take() {
  std::stable_sort(fits_.begin(), fits_.end(), [](const Zfit& a, const Zfit& b) { return a.chi2 < b.chi2; });
  return std::move(fits_);
}

}  // namespace zspex::kernels::detail
