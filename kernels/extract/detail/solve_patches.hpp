/// \file
/// The `patch` solver: sub-bundles and wavelength steps with padding, as the reference cuts them.
#pragma once

#include "kernels/extract/engine.hpp"

namespace zspex::kernels {

template <class Exec>
void Engine<Exec>::solve_by_patches(const ExtractUnit& unit, ExtractedUnit& out) {
  const std::vector<PatchShape> patches = plan_patches(psf_, settings_, unit, traces_, data_.window);
  const PatchSizes sizes = sizes_of(patches, data_.stride);
  const Batch batch = allocate(sizes, static_cast<int>(patches.size()));
  const DeviceView<const PatchShape*, Exec> shapes =
      copy_to_device<PatchShape, Exec>("zspex::extract::patches", patches);
  const PatchFlux<Exec> solution{slots_.flux, slots_.good, false, 0};
  const auto launch = [&](const DeviceView<const int*, Exec>& order, int n, double regularize) {
    form_normal_equations<Exec>(exec_, data_, shapes, order, n, sizes.n, slots_);
    regularize_patches<Exec>(exec_, shapes, order, n, regularize, 0, slots_);
    if (noise()) Kokkos::deep_copy(exec_, slots_.matrix, slots_.band);
    factor_patches<Exec>(exec_, shapes, order, n, true, !noise(), slots_);
    resolve(shapes, order, n, sizes.keep, solution);
    weigh_residuals<Exec>(exec_, data_, shapes, order, n, sizes.row, settings_.psferr, slots_, results_);
  };
  solve_with_retry(patches, batch, launch, out);
}

}  // namespace zspex::kernels
