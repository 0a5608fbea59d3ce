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
  const std::size_t ns = nspec, nw = wave.size();
  traces.x = Array2<double>({ns, nw});
  traces.y = Array2<double>({ns, nw});
  traces.corner = Array2<Corner>({ns, nw});
  for (std::size_t s = 0; s < ns; ++s) {
    for (std::size_t w = 0; w < nw; ++w) {
      const double x = evaluate(psf.x, ispec + static_cast<int>(s), wave[w]);
      const double y = evaluate(psf.y, ispec + static_cast<int>(s), wave[w]);
      if (!(std::abs(x) < 1e6) || !(std::abs(y) < 1e6))
        throw NumericsError("extract",
                            "the trace of fiber " + std::to_string(ispec + s) + " at " + std::to_string(wave[w]) +
                                " Angstrom is at pixel (" + std::to_string(x) + ", " + std::to_string(y) +
                                "), expected a position near the CCD. Check -w and the PSF's XTRACE and YTRACE.");
      traces.x(s, w) = x;
      traces.y(s, w) = y;
      traces.corner(s, w) = {static_cast<int>(std::floor(x - psf.hsizex + 0.5)),
                             static_cast<int>(std::floor(y - psf.hsizey + 0.5))};
      if (w > 0 && traces.corner(s, w).y < traces.corner(s, w - 1).y)
        throw NumericsError("extract",
                            "rows of fiber " + std::to_string(ispec + s) + " don't grow with wavelength at " +
                                std::to_string(wave[w]) +
                                " Angstrom, expected a rising trace. The range -w may be too far outside the PSF's.");
    }
  }
  return traces;
}

}  // namespace zspex::kernels
