/// \file
/// The `patch` solver: sub-bundles and wavelength steps with padding, as the reference cuts them.
#pragma once

#include "kernels/extract/engine.hpp"

namespace zspex::kernels {

template <class Exec>
void Engine<Exec>::solve_by_patches(const ExtractUnit& unit, ExtractedUnit& out) {
  const std::vector<PatchShape> patches = plan_patches(psf_, settings_, unit, traces_, data_.window);
  int maxn = 0, maxband = 0, maxrow = 0, maxwave = 0, maxkeep = 0;
  std::size_t maxmodel = 0;
  for (const PatchShape& patch : patches) {
    maxn = std::max(maxn, patch.nspec * patch.nwave);
    maxband = std::max(maxband, patch.band);
    maxrow = std::max(maxrow, patch.y1 - patch.y0);
    maxwave = std::max(maxwave, patch.nwave);
    maxkeep = std::max(maxkeep, patch.nkeep);
    maxmodel = std::max({maxmodel, model_size(patch, data_.stride), static_cast<std::size_t>(patch.nwave)});
  }
  const bool noise = settings_.decorrelation == DecorrelationKind::noise;
  const int nbatch = batch(static_cast<int>(patches.size()));
  slots_ = {};
  slots_ = make_slots<Exec>(nbatch, maxn, band_stride(maxband), maxkeep, {true, noise}, maxmodel);
  scratch_ = {};
  scratch_ = DeviceView<double**, Exec>(
      Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string("zspex::extract::root_scratch")),
      nteam(noise ? nbatch : nbatch * maxkeep),
      noise ? noise_scratch<Exec>(maxn) : signal_scratch<Exec>(maxn, maxwave));
  const DeviceView<const PatchShape*, Exec> shapes =
      copy_to_device<PatchShape, Exec>("zspex::extract::patches", patches);
  const PatchFlux<Exec> solution{slots_.flux, slots_.good, false, 0};

  // Solves the patches listed in `todo`, a batch at a time; returns those that failed.
  const auto solve = [&](const std::vector<int>& todo, double regularize) {
    std::vector<int> failed;
    for (std::size_t first = 0; first < todo.size(); first += nbatch) {
      const std::vector<int> now(todo.begin() + first, todo.begin() + std::min(todo.size(), first + nbatch));
      const int n = static_cast<int>(now.size());
      const DeviceView<const int*, Exec> order = copy_to_device<int, Exec>("zspex::extract::order", now);
      form_normal_equations<Exec>(exec_, data_, shapes, order, n, maxn, slots_);
      regularize_patches<Exec>(exec_, shapes, order, n, regularize, 0, slots_);
      if (noise) Kokkos::deep_copy(exec_, slots_.matrix, slots_.band);
      factor_patches<Exec>(exec_, shapes, order, n, true, !noise, slots_);
      if (noise)
        resolve_noise<Exec>(exec_, shapes, order, n, slots_, solution, scratch_, results_);
      else
        resolve_signal<Exec>(exec_, shapes, order, n, maxkeep, slots_, solution, scratch_, results_);
      weigh_residuals<Exec>(exec_, data_, shapes, order, n, maxrow, settings_.psferr, slots_, results_);
      const std::vector<bool> solved = solved_slots<Exec>(exec_, slots_, n, true);
      for (int i = 0; i < n; ++i)
        if (!solved[i]) failed.push_back(now[i]);
    }
    return failed;
  };

  std::vector<int> all(patches.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
  out.npatch = static_cast<int>(all.size());
  std::vector<int> failed = solve(all, settings_.regularize);
  out.nretried = static_cast<int>(failed.size());
  if (!failed.empty())
    failed = solve(failed, std::max(settings_.regularize, 1e-4));  // of this patch alone, unlike the reference
  out.nfailed = static_cast<int>(failed.size());
  for (int i : failed) mark_failed(patches[i], out);
}

}  // namespace zspex::kernels
