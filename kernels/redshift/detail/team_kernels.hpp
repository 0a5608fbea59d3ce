/// \file
/// The kernels of a scan for a device: one thread a pixel to rebin, one team a fit to sum products, one thread a fit to
/// solve. Plain pointers into the device's memory; who owns it stands in team_site.hpp.
///
/// Operations of a fit of n basis vectors over p pixels with d diagonals: p (2 d n + n + (n + 1) (n + 2)); bytes, when
/// nothing stays in cache: p (4 d + 16) of the target and 4 p n of the template. A target's 0.5 MB and a slice's few MB stay in
/// the second-level cache of a GPU while its neighbours in redshift are fitted, so that both are read there.
#pragma once

#include <cfloat>
#include <cstddef>
#include <cstdint>

#include "kernels/base/fused.hpp"
#include "kernels/base/launch.hpp"
#include "kernels/redshift/detail/inoue14.hpp"
#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/detail/normal_fit.hpp"

namespace zspex::kernels::detail {

/// One template and its absorption.
struct TeamTemplate {
  int nbasis = 0;
  std::int64_t nsample = 0;
  bool even = false;                     ///< samples are equally far apart
  double first = 0, guides = 0;          ///< wavelength of the first sample; guides an Angstrom
  const double* samples = nullptr;       ///< [nsample][2][nbasis] integrals up to the sample, and values
  const double* wave = nullptr;          ///< [nsample] rest frame, Angstrom
  const std::uint32_t* guide = nullptr;  ///< [nsample] the last sample at or below first + i / guides
  int nline = 0;
  const double* line_wave = nullptr;  ///< [nline] rest frame, Angstrom
  const double* passing = nullptr;    ///< [nline][row] part of the light that passes, where the line absorbs
  bool continuum = false;             ///< absorption beyond the Lyman limit, too
  bool nonnegative = false;
  const double* oii = nullptr;  ///< [nbasis] sums around [OII]; nothing without penalty
};

/// The pixels of a row of a rebinned template; between the bands there are none.
struct TeamPixels {
  std::size_t row = 0;
  const double *low = nullptr, *high = nullptr;  ///< [row] edges, Angstrom; equal where there is no pixel
  const double* wave = nullptr;                  ///< [row] centres, Angstrom
};

/// One spectrum in the device's memory.
struct TeamSpectrum {
  int ndiag = 0, npixel = 0, first = 0;  ///< first: its pixel 0 in a row
  const double *root_ivar = nullptr, *scaled_flux = nullptr;
  const float* rows = nullptr;  ///< [npixel / strip_width][ndiag][strip_width]
};

/// One target: spectra [first, last), npixel of all of them.
struct TeamTarget {
  int first = 0, last = 0, npixel = 0, good = 0;
};

/// Which target is fitted at which redshift: all targets from `first` on at all of nz redshifts, or two lists.
struct FitPairs {
  int nz = 0;
  std::size_t first = 0;
  const int *targets = nullptr, *slices = nullptr;

  KOKKOS_INLINE_FUNCTION std::size_t target(std::size_t i) const {
    return targets ? static_cast<std::size_t>(targets[i]) : first + i / static_cast<std::size_t>(nz);
  }
  KOKKOS_INLINE_FUNCTION std::size_t slice(std::size_t i) const {
    return slices ? static_cast<std::size_t>(slices[i]) : i % static_cast<std::size_t>(nz);
  }
};

/// Pixel p of all spectra of a target: which spectrum, and which of its pixels.
struct PixelPlace {
  const TeamSpectrum* spectrum;
  int pixel;
};
KOKKOS_INLINE_FUNCTION PixelPlace find_pixel(const TeamSpectrum* spectra, const TeamTarget& target, int p) {
  const TeamSpectrum* spectrum = spectra + target.first;
  while (p >= spectrum->npixel) p -= (spectrum++)->npixel;
  return {spectrum, p};
}

/// slice[iz][b][q] = mean of basis vector b over pixel q at redshift iz, times what the intergalactic medium lets
/// through. As Rebinner and Transmission do it.
template <class Exec, class Real>
struct RebinPixels {
  TeamTemplate tmpl;
  TeamPixels pixels;
  const double* redshifts;  ///< [nz]
  Real* slice;

  void run(const Exec& exec, int nz) const {
    Kokkos::parallel_for("zspex::redshift::rebin_pixels",
                         Kokkos::MDRangePolicy<Exec, Kokkos::Rank<2, Kokkos::Iterate::Right, Kokkos::Iterate::Right>>(
                             exec, {0, 0}, {nz, static_cast<std::int64_t>(pixels.row)}),
                         *this);
  }

  /// Where an edge lies between two samples.
  struct Place {
    const double* sum;
    double reach, slope;
  };
  KOKKOS_INLINE_FUNCTION Place find(double x) const {
    std::int64_t j;
    double reach, step;
    if (tmpl.even) {
      const double at = (x - tmpl.first) * tmpl.guides;
      double sample = math::floor(at);
      sample = sample < 0 ? 0 : sample;
      const auto last = static_cast<double>(tmpl.nsample - 2);
      sample = sample > last ? last : sample;
      j = static_cast<std::int64_t>(sample);
      step = 1 / tmpl.guides;
      reach = (at - sample) * step;
    } else {
      const double at = (x - tmpl.first) * tmpl.guides;
      auto i = at > 0 ? static_cast<std::int64_t>(at) : 0;
      i = i < tmpl.nsample - 1 ? i : tmpl.nsample - 1;
      j = tmpl.guide[i];
      while (j + 2 < tmpl.nsample && tmpl.wave[j + 1] <= x) ++j;
      while (j > 0 && tmpl.wave[j] > x) --j;
      reach = x - tmpl.wave[j];
      step = tmpl.wave[j + 1] - tmpl.wave[j];
    }
    return {tmpl.samples + j * 2 * tmpl.nbasis, reach, reach * reach / 2 / step};
  }
  KOKKOS_INLINE_FUNCTION double integral(const Place& place, int b) const {
    const double *value = place.sum + tmpl.nbasis + b, *next = value + 2 * tmpl.nbasis;
    return fused(place.slope, *next - *value, fused(place.reach, *value, place.sum[b]));
  }

  KOKKOS_FUNCTION void operator()(std::int64_t iz, std::int64_t q) const {
    Real* out = slice + static_cast<std::size_t>(iz) * tmpl.nbasis * pixels.row + q;
    if (!(pixels.high[q] > pixels.low[q])) {
      for (int b = 0; b < tmpl.nbasis; ++b) out[b * pixels.row] = 0;
      return;
    }
    const double z = redshifts[iz], scale = 1 / (1 + z);
    const double low = pixels.low[q] * scale, high = pixels.high[q] * scale;
    double passing = 1;
    for (int line = 0; line < tmpl.nline; ++line)
      if (pixels.wave[q] / (1 + z) < tmpl.line_wave[line]) passing *= tmpl.passing[line * pixels.row + q];
    if (tmpl.continuum && pixels.wave[q] < lyman_limit_angstrom * (1 + z))
      passing *= math::exp(-inoue14_continuum(pixels.wave[q], z));
    const Place a = find(low), e = find(high);
    const double factor = passing / (high - low);
    for (int b = 0; b < tmpl.nbasis; ++b)
      out[b * pixels.row] = static_cast<Real>((integral(e, b) - integral(a, b)) * factor);
  }
};

/// Sums of a thread, and then of its team.
template <int N>
struct FixedSums {
  double values[N];
  KOKKOS_INLINE_FUNCTION FixedSums() {
    for (double& value : values) value = 0;
  }
  KOKKOS_INLINE_FUNCTION void operator+=(const FixedSums& other) {
    for (int i = 0; i < N; ++i) values[i] += other.values[i];
  }
#if KOKKOS_VERSION < 40000
  FixedSums(const FixedSums&) = default;
  FixedSums& operator=(const FixedSums&) = default;
  KOKKOS_INLINE_FUNCTION FixedSums& operator=(const volatile FixedSums& other) {
    for (int i = 0; i < N; ++i) values[i] = other.values[i];
    return *this;
  }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile FixedSums& other) volatile {
    for (int i = 0; i < N; ++i) values[i] = values[i] + other.values[i];
  }
#endif
};

/// products[pair][product_index(i, j)] = sum over pixels of B[i] B[j] for columns i in [i0, i0 + NI) and j <= i or, apart
/// from them, in [j0, j0 + NJ): one team a fit. The columns are those of a target at a redshift, see products_of(); they
/// are either made on the way from R and the slice, or read.
template <class Exec, class Real, int NI, int NJ>
struct SumProducts {
  static constexpr int nproduct = NJ == 0 ? NI * (NI + 1) / 2 : NI * NJ;
  using Sums = FixedSums<nproduct>;

  FitPairs pairs;
  const TeamTarget* targets;
  const TeamSpectrum* spectra;
  std::size_t row;
  int nbasis, i0, j0;
  const Real* slice;    ///< [nz][nbasis][row]
  const Real* columns;  ///< [nz][nbasis][npixel] of one target instead, or nothing
  double* products;     ///< [npair][products_of(nbasis)]

  void run(const Exec& exec, std::size_t npair) const {
    Kokkos::parallel_for("zspex::redshift::sum_products", team_policy<Exec>(exec, static_cast<int>(npair), {4, 0}),
                         *this);
  }

  /// Columns [c0, c0 + N) of a pixel.
  template <int N>
  KOKKOS_INLINE_FUNCTION void fill(int c0, const PixelPlace& place, int p, const TeamTarget& target, std::size_t iz,
                                   Real* out) const {
    const TeamSpectrum& spectrum = *place.spectrum;
    const int n = c0 + N > nbasis ? N - 1 : N;  // the last column of all is the flux
    if (n < N) out[n] = static_cast<Real>(spectrum.scaled_flux[place.pixel]);
    if (columns) {
      const Real* from = columns + (iz * nbasis + c0) * static_cast<std::size_t>(target.npixel) + p;
      for (int i = 0; i < N; ++i)
        if (i < n) out[i] = from[static_cast<std::size_t>(i) * target.npixel];
      return;
    }
    const Real* from = slice + (iz * nbasis + c0) * row + spectrum.first + place.pixel - spectrum.ndiag / 2;
    const float* r =
        spectrum.rows + place.pixel / strip_width * spectrum.ndiag * strip_width + place.pixel % strip_width;
    Real sum[N];
    for (int i = 0; i < N; ++i) sum[i] = 0;
    for (int m = 0; m < spectrum.ndiag; ++m) {
      const Real factor = static_cast<Real>(r[m * strip_width]);
      for (int i = 0; i < N; ++i)
        if (i < n) sum[i] = fused(factor, from[i * row + m], sum[i]);
    }
    const Real weight = static_cast<Real>(spectrum.root_ivar[place.pixel]);
    for (int i = 0; i < N; ++i)
      if (i < n) out[i] = weight * sum[i];
  }

  KOKKOS_FUNCTION void operator()(const Team<Exec>& team) const {
    const auto pair = static_cast<std::size_t>(team.league_rank());
    const TeamTarget target = targets[pairs.target(pair)];
    const std::size_t iz = pairs.slice(pair);
    Sums sums;
    Kokkos::parallel_reduce(
        Kokkos::TeamVectorRange(team, target.npixel),
        [&](int p, Sums& sum) {
          const PixelPlace place = find_pixel(spectra, target, p);
          Real left[NI] = {}, right[NJ == 0 ? 1 : NJ] = {};
          fill<NI>(i0, place, p, target, iz, left);
          if constexpr (NJ > 0) fill<NJ>(j0, place, p, target, iz, right);
          for (int i = 0, k = 0; i < NI; ++i)
            for (int j = 0; j < (NJ == 0 ? i + 1 : NJ); ++j, ++k)
              sum.values[k] =
                  fused(static_cast<double>(left[i]), static_cast<double>(NJ == 0 ? left[j] : right[j]), sum.values[k]);
        },
        Kokkos::Sum<Sums>(sums));
    Kokkos::single(Kokkos::PerTeam(team), [&] {
      double* to = products + pair * static_cast<std::size_t>(products_of(nbasis));
      for (int i = 0, k = 0; i < NI; ++i)
        for (int j = 0; j < (NJ == 0 ? i + 1 : NJ); ++j, ++k)
          to[product_index(i0 + i, (NJ == 0 ? i0 : j0) + j)] = sums.values[k];
    });
  }
};

/// Coefficients, chi^2 and penalty of each fit, from its sums: one thread a fit.
template <class Exec, int most>
struct SolveFits {
  FitPairs pairs;
  const TeamTarget* targets;
  TeamTemplate tmpl;
  const double* products;   ///< [npair][products_of(nbasis)]
  double *chi2, *penalty;   ///< [npair]
  double* coeff;            ///< [npair][nbasis]
  unsigned char* residual;  ///< [npair] 1 = chi2 is still to be summed from the residuals

  void run(const Exec& exec, std::size_t npair) const {
    Kokkos::parallel_for("zspex::redshift::solve_fits",
                         Kokkos::RangePolicy<Exec>(exec, 0, static_cast<std::int64_t>(npair)), *this);
  }
  KOKKOS_FUNCTION void operator()(std::int64_t pair) const {
    const auto i = static_cast<std::size_t>(pair);
    double* c = coeff + i * tmpl.nbasis;
    LinearFit fit;
    for (int b = 0; b < tmpl.nbasis; ++b) c[b] = 0;
    if (targets[pairs.target(i)].good > 0)
      fit = solve_normal<most>(tmpl.nonnegative, tmpl.nbasis, products + i * products_of(tmpl.nbasis), c);
    double light = 0;
    if (tmpl.oii != nullptr)
      for (int b = 0; b < tmpl.nbasis; ++b) light = fused(c[b], tmpl.oii[b], light);
    chi2[i] = fit.chi2;
    penalty[i] = light < 0 ? -light : 0;
    residual[i] = fit.cancelled ? 1 : 0;
  }
};

/// chi^2 from the residuals, where SolveFits asks for it: one team a fit.
template <class Exec, class Real>
struct SumResiduals {
  FitPairs pairs;
  const TeamTarget* targets;
  const TeamSpectrum* spectra;
  std::size_t row;
  int nbasis;
  const Real* slice;
  const double* coeff;
  const unsigned char* residual;
  double* chi2;

  void run(const Exec& exec, std::size_t npair) const {
    Kokkos::parallel_for("zspex::redshift::sum_residuals", team_policy<Exec>(exec, static_cast<int>(npair), {4, 0}),
                         *this);
  }
  KOKKOS_FUNCTION void operator()(const Team<Exec>& team) const {
    const auto pair = static_cast<std::size_t>(team.league_rank());
    if (residual[pair] == 0) return;
    const TeamTarget target = targets[pairs.target(pair)];
    const Real* here = slice + pairs.slice(pair) * nbasis * row;
    const double* c = coeff + pair * nbasis;
    double sum = 0;
    Kokkos::parallel_reduce(
        Kokkos::TeamVectorRange(team, target.npixel),
        [&](int p, double& part) {
          const PixelPlace place = find_pixel(spectra, target, p);
          const TeamSpectrum& spectrum = *place.spectrum;
          const Real* from = here + spectrum.first + place.pixel - spectrum.ndiag / 2;
          const float* r =
              spectrum.rows + (place.pixel / strip_width * spectrum.ndiag) * strip_width + place.pixel % strip_width;
          double value = 0;
          for (int m = 0; m < spectrum.ndiag; ++m) {
            double model = 0;
            for (int b = 0; b < nbasis; ++b) model = fused(c[b], static_cast<double>(from[b * row + m]), model);
            value = fused(static_cast<double>(r[m * strip_width]), model, value);
          }
          const double pull = fused(-spectrum.root_ivar[place.pixel], value, spectrum.scaled_flux[place.pixel]);
          part = fused(pull, pull, part);
        },
        sum);
    Kokkos::single(Kokkos::PerTeam(team), [&] { chi2[pair] = sum; });
  }
};

/// sqrt(ivar) R x basis vectors of one target at nz redshifts: [nz][nbasis][npixel].
template <class Exec, class Real>
struct ConvolveColumns {
  TeamTarget target;
  const TeamSpectrum* spectra;
  std::size_t row;
  int nbasis;
  const Real* slice;
  Real* columns;

  void run(const Exec& exec, int nz) const {
    Kokkos::parallel_for("zspex::redshift::convolve_columns",
                         Kokkos::MDRangePolicy<Exec, Kokkos::Rank<2, Kokkos::Iterate::Right, Kokkos::Iterate::Right>>(
                             exec, {0, 0}, {nz * nbasis, target.npixel}),
                         *this);
  }
  KOKKOS_FUNCTION void operator()(std::int64_t line, std::int64_t p) const {
    const PixelPlace place = find_pixel(spectra, target, static_cast<int>(p));
    const TeamSpectrum& spectrum = *place.spectrum;
    const Real* from = slice + static_cast<std::size_t>(line) * row + spectrum.first + place.pixel - spectrum.ndiag / 2;
    const float* r =
        spectrum.rows + (place.pixel / strip_width * spectrum.ndiag) * strip_width + place.pixel % strip_width;
    Real sum = 0;
    for (int m = 0; m < spectrum.ndiag; ++m) sum = fused(static_cast<Real>(r[m * strip_width]), from[m], sum);
    columns[static_cast<std::size_t>(line) * target.npixel + static_cast<std::size_t>(p)] =
        sum * static_cast<Real>(spectrum.root_ivar[place.pixel]);
  }
};

}  // namespace zspex::kernels::detail

template <int N>
struct Kokkos::reduction_identity<zspex::kernels::detail::FixedSums<N>> {
  KOKKOS_FORCEINLINE_FUNCTION static zspex::kernels::detail::FixedSums<N> sum() { return {}; }
};
