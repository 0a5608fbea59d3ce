#include "tests/kernels/support/plain_refine.hpp"

#include <algorithm>
#include <cmath>

namespace zspex::test {
namespace {

using kernels::Template;

bool is_near(double z, const std::vector<PlainMinimum>& accepted, const Template& tmpl) {
  const double limit = tmpl.spectype == "STAR" ? 100 : 1000;
  return std::any_of(accepted.begin(), accepted.end(), [&](const PlainMinimum& one) {
    return std::fabs(299792.458 * (z - one.fit.z) / (1 + one.fit.z)) < limit;
  });
}

/// Redshift, chi^2 and width where a parabola through three points is least; all -1 when it is a line.
void find_vertex(PlainMinimum& minimum) {
  Zfit& fit = minimum.fit;
  const auto& q = fit.zzchi2;
  const std::size_t n = q.size();
  const auto least = static_cast<std::size_t>(std::min_element(q.begin(), q.end()) - q.begin());
  const std::size_t m = std::clamp<std::size_t>(least, 1, n - 2);
  std::vector<Real> powers, values;
  for (const std::size_t k : {m - 1, m, m + 1}) {
    const Real x = static_cast<Real>(fit.zz[k]) - fit.zz[m];
    for (const Real power : {x * x, x, static_cast<Real>(1)}) powers.push_back(power);
    values.push_back(q[k]);
  }
  const auto abc = solve_plainly(powers, values);
  const Real a = abc[0], b = abc[1], c = abc[2];
  fit.z = fit.chi2 = fit.zerr = -1;
  fit.zwarn |= zwarn::bad_minfit;
  if (q[m - 1] == q[m] && q[m] == q[m + 1]) return;
  const Real step = -b / (2 * a),
             dq = std::max({minimum.zzchi2_error[m - 1], minimum.zzchi2_error[m], minimum.zzchi2_error[m + 1]});
  fit.z = static_cast<double>(fit.zz[m] + step);
  fit.chi2 = static_cast<double>(c - b * b / (4 * a));
  fit.zerr = static_cast<double>(1 / std::sqrt(std::fabs(a)));
  if (fit.z > fit.zz[m - 1] && fit.z < fit.zz[m + 1] && fit.chi2 > 0 && a > 0) fit.zwarn = 0;
  // Each value may move by dq: a by 2 dq/h^2, b by dq/h.
  const Real h = std::min<Real>(fit.zz[m] - fit.zz[m - 1], fit.zz[m + 1] - fit.zz[m]);
  const Real da = 2 * dq / (h * h), db = dq / h;
  minimum.z_error = static_cast<double>((db / 2 + std::fabs(step) * da) / std::fabs(a)) + 1e-15;
  minimum.chi2_error = static_cast<double>(dq + std::fabs(step) * db / 2 + std::fabs(b) * minimum.z_error / 2);
  minimum.zerr_error = static_cast<double>(fit.zerr * da / std::fabs(a)) + 1e-13 * fit.zerr;
}

}  // namespace

std::vector<PlainMinimum> refine_plainly(const kernels::Target& target, const Grids& grids, const Template& tmpl,
                                         std::span<const double> chi2, int nminima, int npoints,
                                         const Rounding& rounding) {
  const auto& z = tmpl.redshifts;
  const int n = static_cast<int>(z.size());
  std::vector<int> candidates;
  for (int i = 0; i < n; ++i) {
    const bool below_left = i == 0 || chi2[i] <= chi2[i - 1], below_right = i == n - 1 || chi2[i] <= chi2[i + 1];
    if (!std::isnan(chi2[i]) && below_left && below_right) candidates.push_back(i);
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](int a, int b) { return chi2[a] < chi2[b]; });

  std::vector<PlainMinimum> accepted;
  for (const int i : candidates) {
    if (static_cast<int>(accepted.size()) == nminima) break;
    if (is_near(z[i], accepted, tmpl)) continue;
    PlainMinimum minimum;
    Zfit& fit = minimum.fit;
    const double first = z[std::max(i - 1, 0)], last = z[std::min(i + 1, n - 1)];
    for (int k = 0; k < npoints; ++k) {
      fit.zz.push_back(k == npoints - 1 ? last : first + k * ((last - first) / (npoints - 1)));
      const auto plain = fit_plainly(target, grids, tmpl, fit.zz.back());
      fit.zzchi2.push_back(static_cast<double>(plain.chi2 + penalty_plainly(tmpl, plain.coeff)));
      minimum.zzchi2_error.push_back(plain.chi2_error(rounding) + penalty_error(tmpl, plain, rounding));
    }
    find_vertex(minimum);
    const double vertex = fit.z;
    if (vertex < first || vertex > last) {
      const auto least = std::min_element(fit.zzchi2.begin(), fit.zzchi2.end()) - fit.zzchi2.begin();
      fit.z = fit.zz[least];
      fit.chi2 = fit.zzchi2[least];
      fit.zwarn |= zwarn::bad_minfit;
      minimum.z_error = 0;
      minimum.chi2_error = minimum.zzchi2_error[least];
    }
    for (const double one : {vertex, fit.z})
      if (one < z[1] || one > z[n - 2]) fit.zwarn |= zwarn::z_fitlimit;
    if (is_near(fit.z, accepted, tmpl)) continue;
    accepted.push_back(std::move(minimum));
  }
  std::stable_sort(accepted.begin(), accepted.end(),
                   [](const PlainMinimum& a, const PlainMinimum& b) { return a.fit.chi2 < b.fit.chi2; });
  return accepted;
}

}  // namespace zspex::test
