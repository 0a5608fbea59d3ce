/// \file
/// The `bundle` solver: one banded system for all fibers of a bundle over the whole wavelength range, so that no flux
/// depends on where a patch ends. What is needed of the resolution is local (correlations between bins fall below 1e-4
/// within 14 bins, between fibers at once), so each fiber's R comes from short windows of the same matrix: the fiber,
/// its neighbours, some bins more on both sides.
#pragma once

#include "kernels/extract/engine.hpp"

namespace zspex::kernels {

/// \return false when the system of the bundle can't be factorised; the caller then falls back on patches
template <class Exec>
bool Engine<Exec>::solve_bundle(const ExtractUnit& unit, ExtractedUnit& out) {
  const PatchShape whole = whole_bundle(unit, traces_, data_.window);
  const PatchSizes size = sizes_of({whole}, data_.stride);
  const int ld = band_stride(whole.band);
  if (whole_.ld != ld || whole_.flux.extent_int(1) != size.n || whole_.model.extent(1) < size.model) {
    whole_ = {};
    whole_ = make_slots<Exec>(1, size, {false, true});
  }
  const DeviceView<const PatchShape*, Exec> one = copy_to_device<PatchShape, Exec>("zspex::extract::whole", {whole});
  const DeviceView<const int*, Exec> first = copy_to_device<int, Exec>("zspex::extract::order", {0});
  form_normal_equations<Exec>(exec_, data_, one, first, 1, size.n, whole_);
  regularize_patches<Exec>(exec_, one, first, 1, settings_.regularize, settings_.nwavestep / 2 + settings_.wavepad,
                           whole_);
  Kokkos::deep_copy(exec_, whole_.matrix, whole_.band);
  factor_patches<Exec>(exec_, one, first, 1, true, false, whole_);
  if (!solved_slots<Exec>(exec_, whole_, 1, false)[0]) return false;

  const std::vector<PatchShape> windows = plan_windows(psf_, traces_, settings_.wavepad, whole.nwavekeep);
  const PatchSizes sizes = sizes_of(windows, data_.stride);
  const Batch batch = allocate(sizes, static_cast<int>(windows.size()));
  const DeviceView<const PatchShape*, Exec> shapes =
      copy_to_device<PatchShape, Exec>("zspex::extract::windows", windows);
  const PatchFlux<Exec> solution{whole_.flux, whole_.good, true, whole.nspec};
  const DeviceView<const double**, Exec> matrix = whole_.matrix;
  const auto launch = [&](const DeviceView<const int*, Exec>& order, int n, double regularize) {
    const double prior =
        regularize > settings_.regularize ? regularize * regularize : 0.0;  // the matrix has the first prior already
    cut_matrices<Exec>(exec_, shapes, order, n, matrix, ld, whole.band, whole.nspec, prior, slots_);
    if (noise()) Kokkos::deep_copy(exec_, slots_.matrix, slots_.band);
    factor_patches<Exec>(exec_, shapes, order, n, false, !noise(), slots_);
    resolve(shapes, order, n, sizes.keep, solution);
  };
  solve_with_retry(windows, batch, launch, out);
  weigh_residuals<Exec>(exec_, data_, one, first, 1, size.row, settings_.psferr, whole_, results_);
  return true;
}

}  // namespace zspex::kernels
