#include "kernels/extract/grid.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "config/base/error.hpp"

namespace zspex::kernels {

double evaluate(const Legendre& series, int ispec, double wave) {
  const double u = (wave - series.wavemin) * (2.0 / (series.wavemax - series.wavemin)) - 1.0;
  const double* coeff = series.coeff.data() + static_cast<std::size_t>(ispec) * series.ncoeff;
  double before = 1, now = u, sum = coeff[0];
  for (int k = 1; k < series.ncoeff; ++k) {
    sum += coeff[k] * now;
    const double next = ((2 * k + 1) * u * now - k * before) / (k + 1);
    before = now;
    now = next;
  }
  return sum;
}

std::vector<double> wave_grid(double wavemin, double wavemax, double dwave) {
  const double stop = wavemax + 0.5 * dwave;
  const auto n = static_cast<std::size_t>(std::max(0.0, std::ceil((stop - wavemin) / dwave)));
  // NumPy's arange steps by the difference of the first two rounded values, not by dwave.
  const volatile double second = wavemin + dwave;
  const double delta = second - wavemin;
  std::vector<double> wave(n);
  for (std::size_t i = 0; i < n; ++i) {
    const volatile double offset = static_cast<double>(i) * delta;  // two roundings, no fused multiply-add
    wave[i] = wavemin + offset;
  }
  return wave;
}

std::vector<double> pad_wave(const std::vector<double>& wave, double dwave, int below, int above) {
  std::vector<double> padded;
  padded.reserve(wave.size() + below + above);
  const double width = below > 0 ? (below - 1) * dwave + dwave : 0;
  for (int i = 0; i < below; ++i) padded.push_back((i * dwave - width) + wave.front());
  padded.insert(padded.end(), wave.begin(), wave.end());
  for (int i = 0; i < above; ++i) padded.push_back(wave.back() + (1.0 + i) * dwave);
  return padded;
}

Traces trace_fibers(const Psf& psf, int ispec, int nspec, const std::vector<double>& wave) {
  Traces traces;
  traces.ispec = ispec;
  traces.nspec = nspec;
  traces.wave = wave;
  const std::size_t ns = nspec, nw = wave.size(), middle = nw / 2;
  traces.x = Array2<double>({ns, nw});
  traces.y = Array2<double>({ns, nw});
  traces.corner = Array2<Corner>({ns, nw});
  const auto usable = [&](std::size_t s, std::size_t w) {
    return std::abs(traces.x(s, w)) < 1e6 && std::abs(traces.y(s, w)) < 1e6;  // false for NaN
  };
  std::vector<std::size_t> dark;  // fibers without any usable bin
  std::size_t lit = ns;
  for (std::size_t s = 0; s < ns; ++s) {
    for (std::size_t w = 0; w < nw; ++w) {
      const double x = traces.x(s, w) = evaluate(psf.x, ispec + static_cast<int>(s), wave[w]);
      const double y = traces.y(s, w) = evaluate(psf.y, ispec + static_cast<int>(s), wave[w]);
      if (usable(s, w))
        traces.corner(s, w) = {static_cast<int>(std::floor(x - psf.hsizex + 0.5)),
                               static_cast<int>(std::floor(y - psf.hsizey + 0.5))};
    }
    if (!usable(s, middle)) {
      dark.push_back(s);
      continue;
    }
    lit = s;
    const auto darken = [&](std::size_t w, std::size_t good) {
      traces.x(s, w) = traces.y(s, w) = std::nan("");
      traces.corner(s, w) = traces.corner(s, good);
    };
    std::size_t good = middle;
    for (std::size_t w = middle + 1; w < nw; ++w) {
      const bool follows = good == w - 1 && usable(s, w) && traces.corner(s, w).y >= traces.corner(s, good).y;
      follows ? void(good = w) : darken(w, good);
    }
    good = middle;
    for (std::size_t w = middle; w-- > 0;) {
      const bool follows = good == w + 1 && usable(s, w) && traces.corner(s, w).y <= traces.corner(s, good).y;
      follows ? void(good = w) : darken(w, good);
    }
  }
  if (lit == ns)
    throw NumericsError("extract", "no fiber of " + std::to_string(ispec) + " to " + std::to_string(ispec + nspec - 1) +
                                       " has a trace near the CCD at " + std::to_string(wave[middle]) +
                                       " Angstrom, the middle of the range. Check -w and the PSF's XTRACE and YTRACE.");
  for (std::size_t s : dark)
    for (std::size_t w = 0; w < nw; ++w) {
      traces.x(s, w) = traces.y(s, w) = std::nan("");
      traces.corner(s, w) = traces.corner(lit, w);
    }
  return traces;
}

}  // namespace zspex::kernels
