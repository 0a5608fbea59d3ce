#include "tests/kernels/support/invented.hpp"

#include <algorithm>
#include <cmath>

namespace zspex::test {

using kernels::ExtractSettings;

Legendre series(int nspec, double wavemin, double wavemax, std::initializer_list<double> coeff) {
  Legendre out{wavemin, wavemax, Array2<double>({static_cast<std::size_t>(nspec), coeff.size()})};
  for (int s = 0; s < nspec; ++s) std::copy(coeff.begin(), coeff.end(), out.coeff.row(s).begin());
  return out;
}

Psf invent_psf(const Camera& camera) {
  const int ns = camera.nspec;
  const double first = camera.wavemin, span = (camera.nwave - 1) * camera.dwave, last = first + span;
  Psf psf;
  psf.nspec = ns;
  psf.npix_x = camera.nx;
  psf.npix_y = camera.ny;
  psf.hsizex = camera.hsizex;
  psf.hsizey = camera.hsizey;
  psf.ghdegx = camera.ghdegx;
  psf.ghdegy = camera.ghdegy;
  const double rows = camera.rows_per_bin * (camera.nwave - 1);
  const auto each = [&](double wavemin, double wavemax, int ncoeff, const auto& value) {
    Legendre out{wavemin, wavemax, Array2<double>({std::size_t(ns), std::size_t(ncoeff)})};
    for (int s = 0; s < ns; ++s)
      for (int k = 0; k < ncoeff; ++k) out.coeff(s, k) = value(s, k);
    return out;
  };
  psf.x = each(first - 20, last + 30, 4, [&](int s, int k) {
    const double curve[4] = {camera.x0 + camera.spacing * s, 0.9 - 0.05 * s, 0.35, -0.11};
    return curve[k];
  });
  // P_0 and P_1 put the trace on its rows, P_2 changes the dispersion along the spectrum.
  psf.y = each(first, last, 4, [&](int s, int k) {
    const double curve[4] = {camera.y0 + camera.tilt * s + 0.5 * rows, 0.5 * rows, 0.01 * rows, 0.003 * rows};
    return curve[k];
  });
  const double low = first - 10, high = last + 11;
  psf.sigmax = each(low, high, 3, [](int s, int k) {
    const double value[3] = {0.97 + 0.004 * s, 0.06, -0.02};
    return value[k];
  });
  psf.sigmay = each(low, high, 3, [](int s, int k) {
    const double value[3] = {1.08 - 0.003 * s, -0.05, 0.03};
    return value[k];
  });
  for (int i = 0; i <= camera.ghdegx; ++i)
    for (int j = 0; j <= camera.ghdegy; ++j)
      psf.gh.push_back(each(low, high, 3, [=](int s, int k) {
        if (i == 0 && j == 0) return k == 0 ? 1.0 : 0.03 / k;  // not constant, as in real files
        const double size = 0.04 / ((i + 1) * (j + 1)) * ((i + 2 * j) % 3 == 0 ? -1 : 1);
        return k == 0 ? size : (k == 1 ? 0.4 : -0.2) * size * (1 + 0.05 * s);
      }));
  return psf;
}

ExtractSettings settings_for(const Camera& camera) {
  ExtractSettings settings;
  settings.wave = kernels::wave_grid(camera.wavemin, camera.wavemin + (camera.nwave - 1) * camera.dwave, camera.dwave);
  settings.dwave = camera.dwave;
  settings.specmin = 0;
  settings.nspec = settings.bundlesize = camera.nspec;
  settings.nsubbundles = 1;
  return settings;
}

ExtractSettings settings_for(const Camera& camera, int bundlesize, int nsubbundles, kernels::SolverKind solver,
                             kernels::DecorrelationKind decorrelation) {
  ExtractSettings settings = settings_for(camera);
  settings.bundlesize = bundlesize;
  settings.nsubbundles = nsubbundles;
  settings.nwavestep = 15;
  settings.wavepad = 7;
  settings.solver = solver;
  settings.decorrelation = decorrelation;
  return settings;
}

std::string solver_name(const std::pair<kernels::SolverKind, kernels::DecorrelationKind>& kind) {
  return std::string(kind.first == kernels::SolverKind::patch ? "Patch" : "Bundle") +
         (kind.second == kernels::DecorrelationKind::signal ? "Signal" : "Noise");
}

Pixels::Pixels(int nx_in, int ny_in, float value, float weight) : nx(nx_in), ny(ny_in) {
  const std::size_t n = static_cast<std::size_t>(nx) * ny;
  image.assign(n, value);
  ivar.assign(n, weight);
  mask.assign(n, 0);
}

Array2<double> invent_spectra(int nspec, int nwave, double level, Random& random) {
  Array2<double> photons({static_cast<std::size_t>(nspec), static_cast<std::size_t>(nwave)});
  for (int s = 0; s < nspec; ++s) {
    const double bright = s == nspec / 2 ? 0.0 : level * random.uniform(0.2, 1), slope = random.uniform(-0.8, 0.8);
    for (int w = 0; w < nwave; ++w) photons(s, w) = bright * (1 + slope * (w - 0.5 * nwave) / nwave);
    for (int line = 0; line < std::max(1, nwave / 20); ++line) {
      const int at = static_cast<int>(random.uniform(0, nwave));
      photons(s, at) += bright * random.uniform(1, 10);
      if (at + 1 < nwave) photons(s, at + 1) += bright * random.uniform(1, 5);
    }
  }
  return photons;
}

Pixels expose(const Psf& psf, const std::vector<double>& wave, const Array2<double>& photons, Random& random,
              double scale) {
  Array2<double> light({static_cast<std::size_t>(psf.npix_y), static_cast<std::size_t>(psf.npix_x)});
  kernels::project_spectra(psf, wave, 0, photons, light);
  Pixels pixels(psf.npix_x, psf.npix_y);
  for (int y = 0; y < psf.npix_y; ++y) {
    const double row_noise = 9 * (1 + 0.8 * std::sin(0.9 * y));  // e.g. sky lines: bright rows are noisy
    for (int x = 0; x < psf.npix_x; ++x) {
      const double variance = row_noise + 0.5 * light(y, x) + random.uniform(0, 9);
      pixels.image[pixels.at(y, x)] = static_cast<float>(light(y, x));
      pixels.ivar[pixels.at(y, x)] = static_cast<float>(scale / variance);
    }
  }
  return pixels;
}

void add_noise(Pixels& pixels, Random& random) {
  for (std::size_t i = 0; i < pixels.image.size(); ++i)
    if (pixels.ivar[i] > 0) pixels.image[i] += static_cast<float>(random.normal() / std::sqrt(pixels.ivar[i]));
}

}  // namespace zspex::test
