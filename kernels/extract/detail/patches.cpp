#include "kernels/extract/detail/patches.hpp"

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "kernels/base/simd.hpp"

namespace zspex::kernels::detail {

int spot_stride(int nx) { return round_up(nx + host_simd_width - 1, host_simd_width); }

PixelWindow window_of(const Psf& psf, const Traces& traces) {
  int x0 = INT_MAX, x1 = INT_MIN, y0 = INT_MAX, y1 = INT_MIN;
  for (const Corner& corner : traces.corner) {
    x0 = std::min(x0, corner.x);
    x1 = std::max(x1, corner.x);
    y0 = std::min(y0, corner.y);
    y1 = std::max(y1, corner.y);
  }
  const int nspotx = psf.nspotx(), nspoty = psf.nspoty();
  PixelWindow window{x0, y0, x1 - x0 + nspotx, y1 - y0 + nspoty, 0};
  window.stride = round_up(x1 - x0 + spot_stride(nspotx), host_simd_width);
  return window;
}

void count_from(const PixelWindow& window, Traces& traces) {
  for (Corner& corner : traces.corner) {
    corner.x -= window.x0;
    corner.y -= window.y0;
  }
}

FiberBlock padded_block(const Psf& psf, const ExtractSettings& settings, const FiberBlock& block) {
  const FiberBlock bundle = bundle_of(psf, settings.bundlesize, block.ispec);
  const int first = std::max(bundle.ispec, block.ispec - 1);
  const int last = std::min(bundle.ispec + bundle.nspec, block.ispec + block.nspec + 1);
  return {first, last - first};
}

void measure_band(const Psf& psf, const Traces& traces, PatchShape& shape) {
  const int nspotx = psf.nspotx(), nspoty = psf.nspoty();
  shape.wavespan = shape.fiberspan = 0;
  shape.band = shape.nspec - 1;
  for (int s = 0; s < shape.nspec; ++s)
    for (int t = 0; t < shape.nspec; ++t) {
      int v = 0;  // the last bin of fiber t that still overlaps bin w of fiber s; it only grows with w
      for (int w = 0; w < shape.nwave; ++w) {
        const Corner a = traces.corner(shape.ispec + s, shape.iwave + w);
        v = std::max(v, w);
        while (v + 1 < shape.nwave && traces.corner(shape.ispec + t, shape.iwave + v + 1).y - a.y < nspoty) ++v;
        for (int u = v; u >= w; --u) {
          const Corner b = traces.corner(shape.ispec + t, shape.iwave + u);
          if (std::abs(b.x - a.x) >= nspotx || std::abs(b.y - a.y) >= nspoty) continue;
          shape.wavespan = std::max(shape.wavespan, u - w);
          shape.fiberspan = std::max(shape.fiberspan, std::abs(t - s));
          shape.band = std::max(shape.band, (u - w) * shape.nspec + t - s);
          break;
        }
      }
    }
}

std::vector<PatchShape> plan_patches(const Psf& psf, const ExtractSettings& settings, const FiberBlock& block,
                                     const Traces& traces, const PixelWindow& window) {
  const int nspotx = psf.nspotx(), nspoty = psf.nspoty();
  const int step = settings.bundlesize / settings.nsubbundles;
  const int nwave = static_cast<int>(settings.wave.size()), pad = settings.wavepad;
  std::vector<PatchShape> patches;
  for (int first = block.ispec; first < block.ispec + block.nspec; first += step) {
    const FiberBlock padded = padded_block(psf, settings, {first, step});
    for (int start = 0; start < nwave; start += settings.nwavestep) {
      PatchShape shape;
      shape.ispec = padded.ispec - traces.ispec;
      shape.nspec = padded.nspec;
      shape.ikeep = first - padded.ispec;
      shape.nkeep = step;
      shape.iwave = start;  // the padded grid starts `pad` bins before the first bin
      shape.nwave = settings.nwavestep + 2 * pad;
      shape.wavepad = pad;
      shape.nwavekeep = std::min(settings.nwavestep, nwave - start);
      shape.outspec = first - block.ispec;
      shape.outwave = start;
      int padlo = INT_MAX, padhi = INT_MIN, lo = INT_MAX, hi = INT_MIN, x0 = INT_MAX, x1 = INT_MIN;
      for (int s = 0; s < shape.nspec; ++s)
        for (int w = 0; w < shape.nwave; ++w) {
          const Corner corner = traces.corner(shape.ispec + s, shape.iwave + w);
          padlo = std::min(padlo, corner.y);
          padhi = std::max(padhi, corner.y + nspoty);
          x0 = std::min(x0, corner.x);
          x1 = std::max(x1, corner.x + nspotx);
          if (w >= pad && w < pad + settings.nwavestep) {
            lo = std::min(lo, corner.y);
            hi = std::max(hi, corner.y + nspoty);
          }
        }
      // 1 - 0.8 is a little less than 0.2 in double: the product is truncated as the reference truncates it.
      const double f = settings.pixpad_frac;
      shape.y0 = padlo + static_cast<int>((lo - padlo) * (1 - f)) - window.y0;
      shape.y1 = padlo + static_cast<int>((hi - padlo) + (padhi - hi) * f) - window.y0;
      shape.x0 = x0 - window.x0;
      shape.x1 = x1 - window.x0;
      measure_band(psf, traces, shape);
      patches.push_back(shape);
    }
  }
  return patches;
}

std::vector<PatchShape> plan_windows(const Psf& psf, const Traces& traces, int wavepad, int nwave) {
  constexpr int window_bins = 24;
  std::vector<PatchShape> windows;
  const int ntotal = static_cast<int>(traces.wave.size());
  for (int s = 0; s < traces.nspec; ++s)
    for (int start = 0; start < nwave; start += window_bins) {
      const int begin = std::max(0, s - window_neighbors), end = std::min(traces.nspec, s + window_neighbors + 1);
      PatchShape shape;
      shape.ispec = begin;
      shape.nspec = end - begin;
      shape.ikeep = s - begin;
      shape.nkeep = 1;
      shape.iwave = start;
      shape.nwave = std::min(window_bins + 2 * wavepad, ntotal - start);
      shape.wavepad = wavepad;
      shape.nwavekeep = std::min(window_bins, nwave - start);
      shape.outspec = s;
      shape.outwave = start;
      measure_band(psf, traces, shape);
      windows.push_back(shape);
    }
  return windows;
}

}  // namespace zspex::kernels::detail
