/// \file
/// The `bundle` solver: one banded system for all fibers of a bundle over the whole wavelength range, so that no flux
/// depends on where a patch ends. What is needed of the resolution is local (correlations between bins fall below 1e-4
/// within 14 bins, between fibers at once), so each fiber's R comes from short windows of the same matrix: the fiber,
/// its neighbours, some bins more on both sides.
#pragma once

#include "kernels/extract/engine.hpp"

namespace zspex::kernels {

namespace detail {

inline constexpr int window_bins = 24;       ///< bins of R from one window: small roots are cheap, their padding is not
inline constexpr int window_neighbours = 1;  ///< fibers on each side; a second one changes nothing measurable

/// One window for every fiber and every window_bins bins.
inline std::vector<PatchShape> plan_windows(const Psf& psf, const Traces& traces, int wavepad, int nwave) {
  std::vector<PatchShape> windows;
  const int ntotal = static_cast<int>(traces.wave.size());
  for (int s = 0; s < traces.nspec; ++s)
    for (int start = 0; start < nwave; start += window_bins) {
      PatchShape shape;
      const int begin = std::max(0, s - window_neighbours), end = std::min(traces.nspec, s + window_neighbours + 1);
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

}  // namespace detail

/// \return false when the system of the bundle can't be factorised even with regularisation; the caller then falls back
/// on patches
template <class Exec>
bool Engine<Exec>::solve_bundle(const ExtractUnit& unit, ExtractedUnit& out) {
  const int nwave = static_cast<int>(settings_.wave.size()), pad = settings_.wavepad;
  PatchShape whole;
  whole.nspec = whole.nkeep = unit.nspec;
  whole.nwave = nwave + 2 * pad;
  whole.wavepad = pad;
  whole.nwavekeep = nwave;
  whole.y1 = data_.window.ny;
  whole.x1 = data_.window.nx;
  measure_band(psf_, traces_, whole);
  const int n = whole.nspec * whole.nwave, ld = band_stride(whole.band);
  const std::size_t npixel = std::max<std::size_t>(model_size(whole, data_.stride), whole.nwave);
  if (whole_.ld != ld || whole_.flux.extent_int(1) != n || whole_.model.extent(1) < npixel) {
    whole_ = {};
    whole_ = make_slots<Exec>(1, n, ld, 1, {false, true}, npixel);
  }
  const DeviceView<const PatchShape*, Exec> one = copy_to_device<PatchShape, Exec>("zspex::extract::whole", {whole});
  const DeviceView<const int*, Exec> zero = copy_to_device<int, Exec>("zspex::extract::order", {0});
  out.npatch = 1;
  for (const double regularize : {settings_.regularize, std::max(settings_.regularize, 1e-4)}) {
    form_normal_equations<Exec>(exec_, data_, one, zero, 1, n, whole_);
    regularize_patches<Exec>(exec_, one, zero, 1, regularize, settings_.nwavestep / 2 + pad, whole_);
    Kokkos::deep_copy(exec_, whole_.matrix, whole_.band);
    factor_patches<Exec>(exec_, one, zero, 1, true, false, whole_);
    if (solved_slots<Exec>(exec_, whole_, 1, false)[0]) break;
    if (++out.nretried == 2) return false;
  }

  const std::vector<PatchShape> windows = detail::plan_windows(psf_, traces_, pad, nwave);
  int maxn = 0, maxband = 0, maxwave = 0;
  for (const PatchShape& window : windows) {
    maxn = std::max(maxn, window.nspec * window.nwave);
    maxband = std::max(maxband, window.band);
    maxwave = std::max(maxwave, window.nwave);
  }
  const bool noise = settings_.decorrelation == DecorrelationKind::noise;
  const int nbatch = batch(static_cast<int>(windows.size()));
  slots_ = {};
  slots_ = make_slots<Exec>(nbatch, maxn, band_stride(maxband), 1, {true, noise}, 1);
  scratch_ = {};
  scratch_ = DeviceView<double**, Exec>(
      Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string("zspex::extract::root_scratch")), nteam(nbatch),
      noise ? noise_scratch<Exec>(maxn) : signal_scratch<Exec>(maxn, maxwave));
  const DeviceView<const PatchShape*, Exec> shapes =
      copy_to_device<PatchShape, Exec>("zspex::extract::windows", windows);
  std::vector<int> natural(windows.size());
  for (std::size_t i = 0; i < natural.size(); ++i) natural[i] = static_cast<int>(i);
  const DeviceView<int*, Exec> order = copy_to_device<int, Exec>("zspex::extract::order", natural);
  const PatchFlux<Exec> solution{whole_.flux, whole_.good, true, whole.nspec};
  const DeviceView<const double**, Exec> matrix = whole_.matrix;
  out.npatch += static_cast<int>(windows.size());
  for (int first = 0; first < static_cast<int>(windows.size()); first += nbatch) {
    const int count = std::min(nbatch, static_cast<int>(windows.size()) - first);
    const DeviceView<const int*, Exec> now = Kokkos::subview(order, std::make_pair(first, first + count));
    cut_matrices<Exec>(exec_, shapes, now, count, matrix, ld, whole.band, whole.nspec, slots_);
    if (noise) Kokkos::deep_copy(exec_, slots_.matrix, slots_.band);
    factor_patches<Exec>(exec_, shapes, now, count, false, !noise, slots_);
    if (noise)
      resolve_noise<Exec>(exec_, shapes, now, count, slots_, solution, scratch_, results_);
    else
      resolve_signal<Exec>(exec_, shapes, now, count, 1, slots_, solution, scratch_, results_);
    const std::vector<bool> solved = solved_slots<Exec>(exec_, slots_, count, true);
    for (int i = 0; i < count; ++i)
      if (!solved[i]) {
        ++out.nfailed;
        mark_failed(windows[first + i], out);
      }
  }
  weigh_residuals<Exec>(exec_, data_, one, zero, 1, data_.window.ny, settings_.psferr, whole_, results_);
  return true;
}

}  // namespace zspex::kernels
