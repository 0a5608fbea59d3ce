/// \file
/// The kernel that brings templates onto pixels: the mean over each pixel, exactly, and what the intergalactic medium lets
/// through. One thread makes some pixels side by side at one redshift (device) or at all of them (host, where neighbors in
/// redshift use the same samples): 2 look-ups, and 2 (4 + 2) operations per value.
#pragma once

#include <cstdint>

#include "kernels/base/simd.hpp"
#include "kernels/redshift/detail/absorb.hpp"

namespace zspex::kernels::detail {

/// Basis vectors that are averaged together: a vector register of the host's, or half of one.
template <class Exec>
inline constexpr int rebin_lanes = on_host<Exec> ? 8 : 1;

/// What a table keeps of each sample: integrals up to it, and values, of all basis vectors. On a host's core they are read
/// 8 side by side, the last ones 4 if these are enough, and no load crosses two lines of the caches: [8 integrals][8
/// values] [4 integrals][4 values].
KOKKOS_INLINE_FUNCTION constexpr int record_size(int nbasis) { return 2 * round_up(nbasis, rebin_lanes<Host> / 2); }
/// Where the integral of a vector stands in a record, and how much further on its value.
struct RecordOffset {
  int integral, apart;
};
KOKKOS_FORCEINLINE_FUNCTION constexpr RecordOffset record_offset(int nbasis, int b) {
  constexpr int whole = rebin_lanes<Host>;
  const int first = b / whole * whole;
  return {first + b, nbasis - first > whole / 2 ? whole : whole / 2};
}

/// A set of spectra on one rest-frame grid: integrals up to each sample, and values, of all vectors.
template <class Exec>
struct TemplateTable {
  int nbasis = 0;
  std::int64_t nsample = 0;
  bool even = false;             ///< samples are equally far apart
  double first = 0, guides = 0;  ///< wavelength of the first sample; guides, or where even samples, per Angstrom
  DeviceView<const double*, Exec> samples;  ///< [nsample][record_size(nbasis)]
  DeviceView<const double*, Exec> wave;     ///< [nsample] rest frame, Angstrom
  DeviceView<const std::uint32_t*, Exec>
      guide;  ///< [nsample] the last sample at or below first + i / guides; where even, none
};

/// Pixels that one thread makes side by side, at most: on a core as many as have their samples in the first-level cache.
template <class Exec>
inline constexpr int rebin_pixels = on_host<Exec> ? 64 : 4;

/// Calls f(i) for i in [0, n), n <= most; in registers on a device.
template <class Exec, int most, class F>
KOKKOS_FORCEINLINE_FUNCTION void for_few(int n, const F& f) {
  if constexpr (on_host<Exec>) {
    for (int i = 0; i < n; ++i) f(i);
  } else {
    ZSPEX_UNROLL
    for (int i = 0; i < most; ++i)
      if (i < n) f(i);
  }
}

/// Where edges lie between two samples: integral(edge) = integral(sample) + reach * value + slope * (next - value).
template <class Exec>
struct EdgePositions {
  static constexpr int most = rebin_pixels<Exec> + 1;
  int at[most];  ///< the sample
  double reach[most], slope[most];

  /// Finds n edges x, growing and in the rest frame.
  KOKKOS_INLINE_FUNCTION void find(const TemplateTable<Exec>& tmpl, const double* x, int n) {
    if (tmpl.even) {
      // Copies of all that it reads: so the loop becomes vector instructions.
      const double begin = tmpl.first, per_angstrom = tmpl.guides, step = 1 / per_angstrom;
      const auto last = static_cast<double>(tmpl.nsample - 2);
      int* const sample = at;
      double *const beyond = reach, *const bend = slope;
      for_few<Exec, most>(n, [=](int i) {
        const double where = (x[i] - begin) * per_angstrom;
        const double least = where < 0.0 ? 0.0 : where;
        sample[i] = static_cast<int>(last < least ? last : least);
        const double steps = where - static_cast<double>(sample[i]);
        beyond[i] = steps * step;
        bend[i] = steps * steps * step / 2;
      });
      return;
    }
    for_few<Exec, most>(n, [&](int i) {
      const int j = sample_below(tmpl, x[i]);
      reach[i] = x[i] - tmpl.wave(j);
      at[i] = j;
      slope[i] = reach[i] * reach[i] / 2 / (tmpl.wave(j + 1) - tmpl.wave(j));
    });
  }

 private:
  /// The last sample at or below x, but at most the last but one.
  KOKKOS_INLINE_FUNCTION static int sample_below(const TemplateTable<Exec>& tmpl, double x) {
    const double where = (x - tmpl.first) * tmpl.guides;
    std::int64_t i = where > 0 ? static_cast<std::int64_t>(where) : 0;
    i = i < tmpl.nsample - 1 ? i : tmpl.nsample - 1;
    int j = static_cast<int>(tmpl.guide(i));
    while (j + 2 < tmpl.nsample && tmpl.wave(j + 1) <= x) ++j;
    while (j > 0 && tmpl.wave(j) > x) --j;
    return j;
  }
};

template <class Exec, int nlane>
using RebinSimd =
    std::conditional_t<on_host<Exec>, Vector<double, (nlane < host_simd_width ? 32 : simd_bytes)>, double>;

/// Means of `nlane` basis vectors from `first` on in the n pixels between `edges`. On a host's core lanes
/// are basis vectors while samples are read, and pixels when means are written.
template <class Exec, int nlane, class Real>
KOKKOS_INLINE_FUNCTION void average(const TemplateTable<Exec>& tmpl, const EdgePositions<Exec>& edges, int n,
                                    const double* inverse_width, int first, Real* out, std::size_t stride) {
  using S = RebinSimd<Exec, nlane>;
  constexpr int width = sizeof(S) / sizeof(double), nvec = nlane / width;
  static_assert(nvec * width == nlane);
  constexpr int tile = on_host<Exec> ? width : rebin_pixels<Exec>;  // pixels
  const RecordOffset offset = record_offset(tmpl.nbasis, first);
  const double* const samples = tmpl.samples.data() + offset.integral;
  const std::size_t record = static_cast<std::size_t>(record_size(tmpl.nbasis));
  const int nvector = tmpl.nbasis - first < nlane ? tmpl.nbasis - first : nlane;
  S integral[nvec];
  const auto integrate = [&](int i) {
    const double* sum = samples + record * edges.at[i];
    const double* value = sum + (on_host<Exec> ? nlane : offset.apart);
    const double* next = value + record;
    ZSPEX_UNROLL
    for (int v = 0; v < nvec; ++v) {
      const S here = simd_load<S>(value + v * width);
      integral[v] = fused(edges.slope[i], simd_load<S>(next + v * width) - here,
                          fused(edges.reach[i], here, simd_load<S>(sum + v * width)));
    }
  };
  integrate(0);
  const int end = on_host<Exec> ? n : 1;  // once on a device, which a compiler must see to keep all in registers
  for (int begin = 0; begin < end; begin += tile) {
    const int npixel = n - begin < tile ? n - begin : tile;
    S mean[nvec][tile];
    for_few<Exec, tile>(npixel, [&](int k) {
      S before[nvec];
      ZSPEX_UNROLL
      for (int v = 0; v < nvec; ++v) before[v] = integral[v];
      integrate(begin + k + 1);
      ZSPEX_UNROLL
      for (int v = 0; v < nvec; ++v) mean[v][k] = (integral[v] - before[v]) * inverse_width[begin + k];
    });
    if constexpr (on_host<Exec>) {
      for (int k = npixel; k < tile; ++k)
        for (int v = 0; v < nvec; ++v) mean[v][k] = S{};
      ZSPEX_UNROLL
      for (int v = 0; v < nvec; ++v) {
        transpose(mean[v]);
        ZSPEX_UNROLL
        for (int b = 0; b < width; ++b)
          if (v * width + b < nvector) store_lanes(out + (v * width + b) * stride + begin, mean[v][b], npixel);
      }
    } else {
      for_few<Exec, tile>(npixel, [&](int k) { out[begin + k] = static_cast<Real>(mean[0][k]); });
    }
  }
}

/// out[b * stride + i] = 1/(e[i+1] - e[i]) * integral of basis b, at lambda (1 + z) and linear between samples, from e[i]
/// to e[i+1], i < n. No factor 1/(1+z): values are flux densities as seen by the observer.
template <class Exec, class Real>
KOKKOS_INLINE_FUNCTION void rebin_some(const TemplateTable<Exec>& tmpl, const double* edges, int n, double z, Real* out,
                                       std::size_t stride) {
  constexpr int most = rebin_pixels<Exec>, lanes = rebin_lanes<Exec>;
  const double scale = 1 / (1 + z);
  EdgePositions<Exec> positions;
  double x[most + 1], inverse_width[most];
  for_few<Exec, most + 1>(n + 1, [&](int i) { x[i] = edges[i] * scale; });
  for_few<Exec, most>(n, [&](int i) { inverse_width[i] = 1 / (x[i + 1] - x[i]); });
  positions.find(tmpl, x, n + 1);
  for (int first = 0; first < tmpl.nbasis; first += lanes) {
    Real* to = out + first * stride;
    if constexpr (lanes > 1) {
      if (tmpl.nbasis - first <= lanes / 2) {
        average<Exec, lanes / 2>(tmpl, positions, n, inverse_width, first, to, stride);
        continue;
      }
    }
    average<Exec, lanes>(tmpl, positions, n, inverse_width, first, to, stride);
  }
}

/// Rebinned templates: [redshift][basis][pixel of a row].
template <class Exec, class Real>
using Slice = DeviceView<Real***, Exec>;
template <class Exec, class Real>
using ConstSlice = DeviceView<const Real***, Exec>;

/// slice(iz, b, q) = mean of basis vector b over pixel q at redshift iz, times what the intergalactic medium lets through.
template <class Exec, class Real>
struct RebinTemplates {
  TemplateTable<Exec> tmpl;
  Absorption<Exec> absorption;
  DeviceView<const double*, Exec> edges;      ///< [row] Angstrom: of pixel q from edges(q) to edges(q + 1)
  DeviceView<const PixelRun*, Exec> runs;     ///< of at most rebin_pixels
  DeviceView<const double*, Exec> redshifts;  ///< [nz]
  Slice<Exec, Real> slice;                    ///< what lies between the bands stays as it is, zero

  void run(const Exec& exec) const {
    const auto nrun = static_cast<std::int64_t>(runs.extent(0)), nz = static_cast<std::int64_t>(redshifts.extent(0));
    launch(exec, "zspex::redshift::rebin", on_host<Exec> ? nrun : nrun * nz, *this);
  }
  KOKKOS_FUNCTION void operator()(std::int64_t item) const {
    const auto nrun = static_cast<std::int64_t>(runs.extent(0));
    if constexpr (on_host<Exec>)
      for (int iz = 0; iz < redshifts.extent_int(0); ++iz) make(runs(item), iz);
    else
      make(runs(item % nrun), static_cast<int>(item / nrun));
  }

 private:
  KOKKOS_INLINE_FUNCTION void make(const PixelRun& run, int iz) const {
    Real* out = &slice(iz, 0, run.first);
    const std::size_t row = slice.extent(2);
    rebin_some<Exec>(tmpl, edges.data() + run.first, run.n, redshifts(iz), out, row);
    absorb(absorption, redshifts(iz), run, tmpl.nbasis, out, row);
  }
};

}  // namespace zspex::kernels::detail
