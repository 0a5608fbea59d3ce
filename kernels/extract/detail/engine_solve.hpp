/// \file
/// What both solvers do: workspace for a batch of patches, their resolution, and a second try for those that fail.
#pragma once

#include "kernels/extract/engine.hpp"

namespace zspex::kernels {

template <class Exec>
typename Engine<Exec>::Batch Engine<Exec>::plan_batch(const PatchSizes& sizes, int npatch) const {
  constexpr int gpu_teams = 512;  // several teams for each of a hundred or so multiprocessors
  constexpr std::size_t gpu_scratch = std::size_t{1} << 27;  // doubles (1 GiB): 'noise' takes 6 MB a team
  const int cores = exec_.concurrency();
  Batch batch;
  const int wish = settings_.batch > 0 ? settings_.batch : !on_host<Exec> ? gpu_teams : cores == 1 ? 1 : 8 * cores;
  batch.npatch = std::max(1, std::min(wish, npatch));
  batch.scratch = noise() ? noise_scratch<Exec>(sizes.n) : signal_scratch<Exec>(sizes.n, sizes.wave);
  const int nitem = noise() ? batch.npatch : batch.npatch * sizes.keep;
  const int fit = static_cast<int>(std::max<std::size_t>(1, gpu_scratch / batch.scratch));
  batch.nteam = std::max(1, std::min(nitem, on_host<Exec> ? cores : std::min(gpu_teams, fit)));
  return batch;
}

template <class Exec>
typename Engine<Exec>::Batch Engine<Exec>::allocate(const PatchSizes& sizes, int npatch) {
  const Batch batch = plan_batch(sizes, npatch);
  slots_ = {};  // the old memory goes before the new is taken
  slots_ = make_slots<Exec>(batch.npatch, sizes, {true, noise()});
  scratch_ = {};
  scratch_ = DeviceView<double**, Exec>(
      Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string("zspex::extract::root_scratch")), batch.nteam,
      batch.scratch);
  return batch;
}

template <class Exec>
void Engine<Exec>::resolve(const DeviceView<const PatchShape*, Exec>& shapes, const DeviceView<const int*, Exec>& order,
                           int npatch, int nkeep, const PatchFlux<Exec>& solution) {
  report_bins<Exec>(exec_, shapes, order, npatch, solution, results_);
  if (noise())
    resolve_noise<Exec>(exec_, shapes, order, npatch, slots_, solution, scratch_, results_);
  else
    resolve_signal<Exec>(exec_, shapes, order, npatch, nkeep, slots_, solution, scratch_, results_);
}

/// Solves all patches, a batch at a time; those that fail once more with the prior's weight at 1e-4 at least. A retry concerns that
/// patch alone. What fails again is marked in `out.failed`.
///   launch(order, npatch, regularize)  solves the first npatch slots, which hold the patches order[0 ... npatch)
template <class Exec>
template <class Launch>
void Engine<Exec>::solve_with_retry(const std::vector<PatchShape>& patches, const Batch& batch, const Launch& launch,
                                    ExtractedUnit& out) {
  std::vector<int> todo(patches.size());
  for (std::size_t i = 0; i < todo.size(); ++i) todo[i] = static_cast<int>(i);
  out.npatch += static_cast<int>(todo.size());
  for (const bool retry : {false, true}) {
    std::vector<int> failed;
    for (std::size_t first = 0; first < todo.size(); first += batch.npatch) {
      const std::vector<int> now(todo.begin() + first, todo.begin() + std::min(todo.size(), first + batch.npatch));
      const int n = static_cast<int>(now.size());
      launch(copy_to_device<int, Exec>("zspex::extract::order", now), n,
             retry ? std::max(settings_.regularize, 1e-4) : settings_.regularize);
      const std::vector<bool> solved = solved_slots<Exec>(exec_, slots_, n, true);
      for (int i = 0; i < n; ++i)
        if (!solved[i]) failed.push_back(now[i]);
    }
    todo = std::move(failed);
    (retry ? out.nfailed : out.nretried) += static_cast<int>(todo.size());
    if (todo.empty()) return;
  }
  for (int i : todo)
    for (int s = 0; s < patches[i].nkeep; ++s)
      for (int w = 0; w < patches[i].nwavekeep; ++w) out.failed(patches[i].outspec + s, patches[i].outwave + w) = 1;
}

/// The unit as one patch: all fibers, the whole padded range, all pixels.
template <class Exec>
PatchShape Engine<Exec>::whole_bundle(const ExtractUnit& unit, const Traces& traces, const PixelWindow& window) const {
  PatchShape whole;
  whole.nspec = whole.nkeep = unit.nspec;
  whole.nwavekeep = static_cast<int>(settings_.wave.size());
  whole.wavepad = settings_.wavepad;
  whole.nwave = whole.nwavekeep + 2 * settings_.wavepad;
  whole.y1 = window.ny;
  whole.x1 = window.nx;
  measure_band(psf_, traces, whole);
  return whole;
}

template <class Exec>
std::size_t Engine<Exec>::memory(const ExtractUnit& unit) const {
  if (is_dark(unit)) return 0;
  const bool bundle = settings_.solver == SolverKind::bundle;
  const ExtractUnit spotted = bundle ? unit : padded_unit(settings_, unit);
  const int above = settings_.wavepad + (bundle ? 0 : settings_.nwavestep);
  const Traces traces =
      trace_fibers(psf_, spotted.ispec, spotted.nspec,
                   pad_wave(settings_.wave, settings_.dwave, settings_.wavepad, above), settings_.bundlesize);
  const PixelWindow window = window_of(psf_, traces);
  const int stride = spot_stride(2 * psf_.hsizex + 1);
  const std::size_t ndiag = 2 * psf_.hsizey + 1;
  std::size_t doubles = traces.corner.size() * ndiag * stride + 3 * traces.corner.size();  // spots, traces
  doubles += static_cast<std::size_t>(window.ny) * window.stride *
             (settings_.model != ModelKind::none ? 3 : 2);  // pixels, ivar, model
  doubles += unit.nspec * settings_.wave.size() *
             (4 + ndiag + (settings_.model == ModelKind::deconvolved ? 1 : 0));  // results
  std::size_t bytes = doubles * sizeof(double);
  std::vector<PatchShape> patches;
  if (bundle) {
    bytes += slot_bytes(sizes_of({whole_bundle(unit, traces, window)}, stride), {false, true});
    patches = plan_windows(psf_, traces, settings_.wavepad, static_cast<int>(settings_.wave.size()));
  } else {
    patches = plan_patches(psf_, settings_, unit, traces, window);
  }
  const PatchSizes sizes = sizes_of(patches, stride);
  const Batch batch = plan_batch(sizes, static_cast<int>(patches.size()));
  return bytes + batch.npatch * slot_bytes(sizes, {true, noise()}) + batch.nteam * batch.scratch * sizeof(double);
}

}  // namespace zspex::kernels
