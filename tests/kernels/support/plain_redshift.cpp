#include "tests/kernels/support/plain_redshift.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/redshift/detail/rebin_on_host.hpp"
#include "tests/kernels/support/dense.hpp"

namespace zspex::test {
namespace {

using kernels::Target;
using kernels::TargetSpectrum;
using kernels::Template;

/// The integral over [from, to] of the line between samples, segment by segment.
Real integrate(std::span<const double> wave, std::span<const double> flux, Real from, Real to) {
  const auto above = std::upper_bound(wave.begin(), wave.end(), static_cast<double>(from));
  std::size_t j = above == wave.begin() ? 0 : static_cast<std::size_t>(above - wave.begin()) - 1;
  if (j > 0) --j;
  Real sum = 0;
  for (; j + 1 < wave.size() && wave[j] < to; ++j) {
    const Real left = std::max<Real>(from, wave[j]), right = std::min<Real>(to, wave[j + 1]);
    if (right <= left) continue;
    const auto at = [&](Real x) {
      return flux[j] +
             (static_cast<Real>(flux[j + 1]) - flux[j]) * (x - wave[j]) / (static_cast<Real>(wave[j + 1]) - wave[j]);
    };
    sum += (right - left) * (at(left) + at(right)) / 2;
  }
  return sum;
}

Real norm(const std::vector<Real>& values) {
  Real sum = 0;
  for (const Real value : values) sum += value * value;
  return std::sqrt(sum);
}

}  // namespace

std::vector<Light> observe_plainly(std::span<const double> wave, const Array2<double>& flux, double z,
                                   kernels::IgmModel igm, const Grids& grids) {
  std::vector<Light> lights(flux.extent(0));
  for (const auto& grid : grids) {
    std::vector<double> passing(grid.size(), 1.0);
    kernels::detail::absorb(kernels::Transmission(igm, grid), z, 0, grid.size(), 1, passing.data(), grid.size());
    const std::size_t n = grid.size();
    for (std::size_t b = 0; b < lights.size(); ++b) {
      auto& light = lights[b].emplace_back(n);
      for (std::size_t i = 0; i < n; ++i) {
        // Midpoints; at the ends as far out as the next edge is in.
        const Real left = i > 0 ? (grid[i - 1] + grid[i]) / 2 : grid[0] - (grid[1] - grid[0]) / 2;
        const Real right = i + 1 < n ? (grid[i] + grid[i + 1]) / 2 : grid[n - 1] + (grid[n - 1] - grid[n - 2]) / 2;
        const Real scale = 1 + static_cast<Real>(z);
        const Real mean = integrate(wave, flux.row(b), left / scale, right / scale) * scale / (right - left);
        light[i] = mean * passing[i];
      }
    }
  }
  return lights;
}

namespace {

/// Calls f(row, column, R[row][column]) for what there is of R.
template <class F>
void for_elements(const TargetSpectrum& spectrum, const F& f) {
  const int nwave = static_cast<int>(spectrum.resolution.size()) / spectrum.ndiag;
  for (int k = 0; k < spectrum.ndiag; ++k)
    for (int column = 0; column < nwave; ++column) {
      const int row = column - spectrum.ndiag / 2 + k;
      if (row < 0 || row >= nwave) continue;
      f(row, column, spectrum.resolution[static_cast<std::size_t>(k) * nwave + column]);
    }
}

}  // namespace

std::vector<Real> convolve_plainly(const TargetSpectrum& spectrum, const std::vector<Real>& light) {
  std::vector<Real> out(light.size(), 0);
  for_elements(spectrum, [&](int row, int column, Real r) { out[row] += r * light[column]; });
  return out;
}

PlainSystem system_plainly(const Target& target) {
  PlainSystem system;
  for (const auto& spectrum : target.spectra)
    for (std::size_t p = 0; p < spectrum.flux.size(); ++p) {
      system.flux.push_back(std::sqrt(static_cast<Real>(spectrum.ivar[p])) * spectrum.flux[p]);
      system.ngood += spectrum.ivar[p] > 0;
    }
  return system;
}

void add_column_plainly(PlainSystem& system, const Target& target, const Light& light, Real largest, int band) {
  auto& column = system.columns.emplace_back();
  auto& size = system.sizes.emplace_back();
  for (const auto& spectrum : target.spectra) {
    const bool lit = band < 0 || spectrum.band == band;
    const auto value = convolve_plainly(spectrum, light[spectrum.band]);
    std::vector<Real> sum(value.size(), 0);
    for_elements(spectrum, [&](int row, int, Real r) { sum[row] += std::fabs(r); });
    for (std::size_t p = 0; p < value.size(); ++p) {
      const Real root = lit ? std::sqrt(static_cast<Real>(spectrum.ivar[p])) : 0;
      column.push_back(root * value[p]);
      size.push_back(root * sum[p] * largest);
    }
  }
}

PlainSystem system_plainly(const Target& target, const Grids& grids, const Template& tmpl, double z) {
  PlainSystem system = system_plainly(target);
  const auto lights = observe_plainly(tmpl.wave, tmpl.basis, z, tmpl.igm, grids);
  for (std::size_t b = 0; b < lights.size(); ++b) {
    double largest = 0;
    for (const double value : tmpl.basis.row(b)) largest = std::max(largest, std::fabs(value));
    add_column_plainly(system, target, lights[b], largest);
  }
  return system;
}

namespace {

Real product(const std::vector<Real>& a, const std::vector<Real>& b) {
  Real sum = 0;
  for (std::size_t p = 0; p < a.size(); ++p) sum += a[p] * b[p];
  return sum;
}

std::vector<Real> normal_matrix(const PlainSystem& system) {
  std::vector<Real> m;
  for (const auto& a : system.columns)
    for (const auto& b : system.columns) m.push_back(product(a, b));
  return m;
}

std::vector<Real> sigma_of(const std::vector<Real>& m, std::size_t n) {
  std::vector<Real> sigma;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<Real> block(n, 0);
    block[i] = 1;
    sigma.push_back(std::sqrt(std::fabs(solve_plainly(m, block)[i])));
  }
  return sigma;
}

}  // namespace

std::vector<Real> sigma_plainly(const PlainSystem& system) {
  return sigma_of(normal_matrix(system), system.columns.size());
}

PlainFit fit_plainly(const PlainSystem& system, int nbounded, const std::vector<Real>& prior) {
  const std::size_t n = system.columns.size(), npixel = system.flux.size();
  std::vector<Real> m = normal_matrix(system), y;
  for (const auto& column : system.columns) y.push_back(product(column, system.flux));
  for (std::size_t i = 0; i < prior.size(); ++i) m[i * n + i] += prior[i];

  PlainFit fit;
  fit.coeff_change.assign(n, 0);
  fit.null_chi2 = product(system.flux, system.flux);
  fit.coeff.assign(n, 0);
  fit.npixel = system.ngood;
  if (system.ngood == 0) return fit;
  auto c = solve_plainly(m, y);
  const bool feasible = !c.empty() && std::all_of(c.begin(), c.begin() + nbounded, [](Real one) { return one >= 0; });
  if (nbounded > 0 && !feasible) c = nonnegative_plainly(m, y, nbounded);
  if (c.empty()) return fit;
  fit.solved = true;
  fit.coeff = c;

  std::vector<Real> residual = system.flux, size(npixel), norms(n), gradient(n);
  for (std::size_t p = 0; p < npixel; ++p) {
    size[p] = std::fabs(system.flux[p]);
    for (std::size_t i = 0; i < n; ++i) {
      residual[p] -= c[i] * system.columns[i][p];
      size[p] += std::fabs(c[i]) * system.sizes[i][p];
    }
  }
  fit.chi2 = product(residual, residual);
  for (std::size_t i = 0; i < n; ++i) {
    norms[i] = norm(system.sizes[i]);
    gradient[i] = 2 * std::fabs(product(system.columns[i], residual));
  }

  // Errors. Where a bound is active c comes from columns P of M, to which the residual of M c = y isn't orthogonal.
  const Real r = std::sqrt(fit.chi2), s = norm(size);
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < n; ++i)
    if (static_cast<int>(i) >= nbounded || c[i] != 0) free.push_back(i);
  if (free.size() == n) {
    const std::vector<Real> sigma = sigma_of(m, n);
    Real k = 0;
    for (std::size_t i = 0; i < n; ++i) k += sigma[i] * norms[i];
    for (std::size_t i = 0; i < n; ++i) fit.coeff_change[i] = sigma[i] * (s + k * r);
  } else if (!free.empty()) {
    Matrix square = make_matrix(static_cast<int>(free.size()), static_cast<int>(free.size()));
    for (std::size_t a = 0; a < free.size(); ++a)
      for (std::size_t b = 0; b < free.size(); ++b)
        for (std::size_t i = 0; i < n; ++i)
          square(a, b) += static_cast<double>(m[i * n + free[a]] * m[i * n + free[b]]);
    const auto values = jacobi_eigen(square).value;
    const Real least = std::sqrt(*std::min_element(values.begin(), values.end()));
    const Real dm = 2 * norm(norms) * norm(norms), dy = 2 * norm(norms) * norm(system.flux);
    const Real change = (dy + dm * norm(c)) / least + dm * residual_plainly(m, y, c) / (least * least);
    fit.coeff_change.assign(n, change);
  }
  Real scatter = 0, step = s;
  for (std::size_t p = 0; p < npixel; ++p) scatter += residual[p] * residual[p] * size[p] * size[p];
  for (std::size_t i = 0; i < n; ++i) {
    fit.by_coeff += gradient[i] * fit.coeff_change[i];
    step += norms[i] * fit.coeff_change[i];
  }
  fit.by_worst = 2 * s * r;
  fit.by_random = 16 * std::sqrt(scatter);
  fit.squared = 2 * step * step;
  fit.sums = static_cast<Real>(npixel) * std::numeric_limits<double>::epsilon() * std::min(4 * s * s, 1e5L * fit.chi2);
  return fit;
}

double PlainFit::coeff_error(std::size_t i, const Rounding& rounding) const {
  return static_cast<double>(rounding.most() * coeff_change[i]);
}

double PlainFit::chi2_error(const Rounding& rounding) const {
  const Real most = rounding.most();
  return static_cast<double>(rounding.worst * by_worst + rounding.random * by_random + most * by_coeff +
                             most * most * squared + sums);
}

PlainFit fit_plainly(const Target& target, const Grids& grids, const Template& tmpl, double z) {
  return fit_plainly(system_plainly(target, grids, tmpl, z), tmpl.method == FitMethod::nmf ? tmpl.nbasis() : 0);
}

namespace {

/// Sums of a template's samples from 3724 to 3733 Angstrom, one a basis vector.
std::vector<Real> oii_plainly(const Template& tmpl) {
  std::vector<Real> sums(tmpl.nbasis(), 0);
  if (tmpl.spectype != "GALAXY" || tmpl.method != FitMethod::pca) return sums;
  for (std::size_t j = 0; j < tmpl.wave.size(); ++j)
    for (int b = 0; b < tmpl.nbasis(); ++b)
      if (tmpl.wave[j] >= 3724 && tmpl.wave[j] <= 3733) sums[b] += tmpl.basis(b, j);
  return sums;
}

}  // namespace

Real penalty_plainly(const Template& tmpl, const std::vector<Real>& coeff) {
  const auto sums = oii_plainly(tmpl);
  Real light = 0;
  for (std::size_t b = 0; b < coeff.size(); ++b) light += coeff[b] * sums[b];
  return std::max<Real>(0, -light);
}

double penalty_error(const Template& tmpl, const PlainFit& fit, const Rounding& rounding) {
  const auto sums = oii_plainly(tmpl);
  double error = 0;
  for (std::size_t b = 0; b < sums.size(); ++b)
    error += static_cast<double>(std::fabs(sums[b])) *
             (fit.coeff_error(b, rounding) + 1e-14 * static_cast<double>(std::fabs(fit.coeff[b])));
  return error;
}

}  // namespace zspex::test
