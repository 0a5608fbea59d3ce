#include "kernels/extract/grid.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "core/arange.hpp"
#include "core/error.hpp"

namespace zspex::kernels {

std::vector<double> wave_grid(double wavemin, double wavemax, double dwave) {
  return arange(wavemin, wavemax + 0.5 * dwave, dwave);
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

FiberBlock bundle_of(const Psf& psf, int bundlesize, int ispec) {
  const int first = ispec / bundlesize * bundlesize;
  return {first, std::min(bundlesize, psf.nspec - first)};
}

namespace {

/// One fiber of Traces.
struct Trace {
  std::vector<double> x, y;
  std::vector<Corner> corner;
};

/// \return nothing when the fiber is dark in the middle of the range
std::optional<Trace> trace_fiber(const Psf& psf, int ispec, const std::vector<double>& wave) {
  if (psf.is_dark(ispec)) return std::nullopt;
  const std::size_t nw = wave.size(), middle = nw / 2;
  Trace trace{std::vector<double>(nw), std::vector<double>(nw), std::vector<Corner>(nw)};
  const auto usable = [&](std::size_t w) {
    return std::abs(trace.x[w]) < 1e6 && std::abs(trace.y[w]) < 1e6;  // false for NaN
  };
  for (std::size_t w = 0; w < nw; ++w) {
    const double x = trace.x[w] = evaluate(psf.x, ispec, wave[w]), y = trace.y[w] = evaluate(psf.y, ispec, wave[w]);
    if (!usable(w)) continue;
    trace.corner[w] = psf.second ? Corner{static_cast<int>(x - psf.hsizex), static_cast<int>(y - psf.hsizey)}
                                 : Corner{static_cast<int>(std::floor(x - psf.hsizex + 0.5)),
                                          static_cast<int>(std::floor(y - psf.hsizey + 0.5))};
  }
  if (!usable(middle)) return std::nullopt;
  const auto darken = [&](std::size_t w) { trace.x[w] = trace.y[w] = std::nan(""); };
  std::size_t good = middle;
  for (std::size_t w = middle + 1; w < nw; ++w) {
    if (good == w - 1 && usable(w) && trace.corner[w].y >= trace.corner[good].y) {
      good = w;
    } else {
      darken(w);
      trace.corner[w] = trace.corner[good];
    }
  }
  good = middle;
  for (std::size_t w = middle; w-- > 0;) {
    if (good == w + 1 && usable(w) && trace.corner[w].y <= trace.corner[good].y) {
      good = w;
    } else {
      darken(w);
      trace.corner[w] = trace.corner[good];
    }
  }
  for (const TraceFault& fault : psf.faults) {
    if (fault.ispec != ispec || !fault.dark) continue;
    for (std::size_t w = 0; w < nw; ++w)
      if (fault.holds(wave[w])) darken(w);
  }
  return trace;
}

/// The corners of the fiber nearest to a dark one among some fibers.
std::vector<Corner> corners_nearby(const Psf& psf, int ispec, const FiberBlock& fibers,
                                   const std::vector<double>& wave) {
  const int first = fibers.ispec, last = fibers.ispec + fibers.nspec;
  for (int away = 1; away < fibers.nspec; ++away)
    for (const int other : {ispec - away, ispec + away}) {
      if (other < first || other >= last) continue;
      if (auto trace = trace_fiber(psf, other, wave)) return std::move(trace->corner);
    }
  throw NumericsError("extract", "no fiber of " + std::to_string(first) + " to " + std::to_string(last - 1) +
                                     " has a trace near the CCD at " + std::to_string(wave[wave.size() / 2]) +
                                     " Angstrom, the middle of the range. Check -w and the PSF's XTRACE and YTRACE.");
}

}  // namespace

Traces trace_fibers(const Psf& psf, int ispec, int nspec, const std::vector<double>& wave, int bundlesize) {
  const std::size_t ns = nspec, nw = wave.size();
  Traces traces{ispec,
                nspec,
                wave,
                Array2<double>({ns, nw}, std::nan("")),
                Array2<double>({ns, nw}, std::nan("")),
                Array2<Corner>({ns, nw})};
  for (std::size_t s = 0; s < ns; ++s) {
    const int fiber = ispec + static_cast<int>(s);
    if (auto trace = trace_fiber(psf, fiber, wave)) {
      std::copy(trace->x.begin(), trace->x.end(), traces.x.row(s).begin());
      std::copy(trace->y.begin(), trace->y.end(), traces.y.row(s).begin());
      std::copy(trace->corner.begin(), trace->corner.end(), traces.corner.row(s).begin());
      continue;
    }
    const FiberBlock near = bundlesize > 0 ? bundle_of(psf, bundlesize, fiber) : FiberBlock{ispec, nspec};
    const std::vector<Corner> corners = corners_nearby(psf, fiber, near, wave);
    std::copy(corners.begin(), corners.end(), traces.corner.row(s).begin());
  }
  return traces;
}

}  // namespace zspex::kernels
