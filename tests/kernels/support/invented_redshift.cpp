#include "tests/kernels/support/invented_redshift.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zspex::test {

using kernels::Target;
using kernels::TargetSpectrum;
using kernels::Template;

Grids invent_grids() {
  const auto grid = [](double first, double step, int n) {
    std::vector<double> wave(n);
    for (int i = 0; i < n; ++i) wave[i] = first + step * i;
    return wave;
  };
  return {grid(3600, 1.9, 101), grid(3760, 1.7, 263), grid(4150, 2.3, 149)};
}

std::vector<double> even_redshifts(double first, double step, int n) {
  std::vector<double> z(n);
  for (int i = 0; i < n; ++i) z[i] = first + step * i;
  return z;
}

Template invent_template(const std::string& spectype, FitMethod method, int nbasis,
                         const std::vector<double>& redshifts, Random& random, kernels::IgmModel igm) {
  Template tmpl;
  tmpl.spectype = spectype;
  tmpl.method = method;
  tmpl.igm = igm;
  tmpl.redshifts = redshifts;
  const double first = 3590 / (1 + redshifts.back());
  double last = 4510 / (1 + redshifts.front());
  if (spectype == "GALAXY") last = std::max(last, 3760.0);
  const double step = 1.3 / (1 + redshifts.back());
  if (method == FitMethod::nmf)
    for (double w = first; w < last; w *= 1 + step / first) tmpl.wave.push_back(w);
  else
    for (int i = 0; first + i * step < last; ++i) tmpl.wave.push_back(first + i * step);
  tmpl.basis = Array2<double>({static_cast<std::size_t>(nbasis), tmpl.wave.size()});
  const bool positive = method == FitMethod::nmf;
  for (int b = 0; b < nbasis; ++b) {
    const double slope = random.uniform(-1, 1), period = step * random.uniform(20, 300), phase = random.uniform(0, 6);
    for (std::size_t j = 0; j < tmpl.wave.size(); ++j) {
      const double u = static_cast<double>(j) / static_cast<double>(tmpl.wave.size());
      const double wave = std::sin(tmpl.wave[j] * 6.283 / period + phase);
      tmpl.basis(b, j) = positive ? 0.1 + 0.4 * (1 + wave) : 0.3 + slope * u + wave;
    }
    for (int line = 0; line < 4; ++line) {
      const double center = random.uniform(first, last), width = step * random.uniform(1.5, 5);
      const double height = random.uniform(0.5, 2);
      for (std::size_t j = 0; j < tmpl.wave.size(); ++j)
        tmpl.basis(b, j) += height * std::exp(-0.5 * std::pow((tmpl.wave[j] - center) / width, 2));
    }
  }
  return tmpl;
}

std::vector<double> invent_coeff(int nbasis, Random& random) {
  std::vector<double> coeff(nbasis);
  for (double& c : coeff) c = random.uniform(0.3, 2);
  return coeff;
}

Target invent_target(const Shape& shape, const Grids& grids, const Template& tmpl, const std::vector<double>& coeff,
                     double z, Random& random, double noise) {
  const auto basis = observe_plainly(tmpl.wave, tmpl.basis, z, tmpl.igm, grids);
  Target target;
  target.targetid = static_cast<std::int64_t>(random.bits());
  for (const auto& [band, ndiag] : shape) {
    TargetSpectrum spectrum;
    spectrum.band = band;
    spectrum.ndiag = ndiag;
    const int nwave = static_cast<int>(grids[band].size()), half = ndiag / 2;
    spectrum.resolution.assign(static_cast<std::size_t>(ndiag) * nwave, 0);
    for (int column = 0; column < nwave; ++column) {
      const double width = 0.3 + 0.15 * ndiag + 0.5 * column / nwave, shift = 0.1 * ndiag;
      std::vector<double> kernel(ndiag);
      double sum = 0;
      for (int k = 0; k < ndiag; ++k) {
        kernel[k] = std::exp(-0.5 * std::pow((k - half - shift) / width, 2)) * random.uniform(0.8, 1.2);
        sum += kernel[k];
      }
      for (int k = 0; k < ndiag; ++k) {
        const int row = column - half + k;
        const bool inside = row >= 0 && row < nwave;
        spectrum.resolution[static_cast<std::size_t>(k) * nwave + column] =
            inside ? static_cast<float>(kernel[k] / sum) : 1e6F;
      }
    }
    std::vector<Real> light(nwave, 0);
    for (std::size_t b = 0; b < coeff.size(); ++b)
      for (int p = 0; p < nwave; ++p) light[p] += coeff[b] * basis[b][band][p];
    const auto smooth = convolve_plainly(spectrum, light);
    for (int p = 0; p < nwave; ++p) {
      const bool masked = random.uniform() < 0.05;
      const double ivar = 30 * std::pow(10.0, random.uniform(-0.5, 0.5));
      const double error = noise * random.normal() / std::sqrt(ivar);
      spectrum.flux.push_back(masked ? 1e4 : static_cast<double>(smooth[p]) + error);
      spectrum.ivar.push_back(masked ? 0 : ivar);
    }
    target.spectra.push_back(std::move(spectrum));
  }
  return target;
}

Rounding rounding_of(bool mixed, int ndiag) {
  // The mean over a pixel is the difference of two integrals from the first sample on, of up to 1500 Angstrom at rest
  // for a pixel of 1.7 / (1 + z): 8 roundings of them (see the tests of RebinTable). R x T adds ndiag products.
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  // Mixed: T, R sqrt(ivar), each product with what is added up, and sqrt(ivar) flux are rounded to float. T's rounding
  // is shared by ndiag pixels.
  return {epsilon * (8 * 1500 * 1.5 / 1.7 + ndiag + 5), mixed ? std::sqrt(2 * ndiag + 5.0) * 0x1p-24 : 0};
}

Zscan scan_slices(const HostFitter& fitter, int itemplate, const std::vector<int>& cuts, bool with_coeff,
                  std::size_t ibatch) {
  const auto& tmpl = fitter.templates()[itemplate];
  const std::size_t nz = tmpl.redshifts.size(), n = fitter.batch(ibatch).n;
  Zscan scan;
  scan.chi2 = Array2<double>({n, nz}, -7.0);
  scan.penalty = Array2<double>({n, nz}, -7.0);
  if (with_coeff) scan.coeff = Array3<float>({n, nz, static_cast<std::size_t>(tmpl.nbasis())}, -7.0F);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const int first = cuts[i], last = i + 1 < cuts.size() ? cuts[i + 1] : static_cast<int>(nz);
    fitter.scan(itemplate, first, last - first, scan, ibatch);
  }
  return scan;
}

}  // namespace zspex::test
