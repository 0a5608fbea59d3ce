/// \file
/// The extraction of a unit on one execution space: makes what the patches share, runs a solver, brings the results to
/// the host.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/extract/extract.hpp"
#include "kernels/extract/factor.hpp"
#include "kernels/extract/normal.hpp"
#include "kernels/extract/pixels.hpp"
#include "kernels/extract/resolution.hpp"
#include "kernels/extract/spots.hpp"

namespace zspex::kernels {

/// Device memory that grows when it must and is used again for the next unit.
template <class T, class Exec>
class Reused {
 public:
  template <class View, class... Extent>
  View shaped(const char* label, Extent... extent) {
    const std::size_t need = (static_cast<std::size_t>(extent) * ... * 1);
    if (need > memory_.extent(0)) {
      memory_ = {};
      memory_ = device_array<T, Exec>(label, need);
    }
    return View(memory_.data(), extent...);
  }

 private:
  DeviceView<T*, Exec> memory_;
};

template <class T, class Exec>
DeviceView<T*, Exec> copy_to_device(const char* label, const std::vector<T>& values) {
  DeviceView<T*, Exec> out(Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string(label)), values.size());
  Kokkos::deep_copy(out, Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
                             values.data(), values.size()));
  return out;
}

template <class Exec>
class Engine {
 public:
  Engine(const Psf& psf, const ExtractSettings& settings)
      : psf_(psf), settings_(settings), device_psf_(psf_on_device<Exec>(psf)) {}

  ExtractedUnit extract(const Image& image, const ExtractUnit& unit);

  /// Bytes that extract() holds on the device for this unit.
  std::size_t memory(const ExtractUnit& unit) const;

 private:
  /// How many patches are solved in one launch, and how many teams find roots: one of each where a core's cache is what counts, many
  /// where thousands of threads wait for work.
  struct Batch {
    int npatch = 1, nteam = 1;
    std::size_t scratch = 0;  ///< doubles a team
  };
  Batch plan_batch(const PatchSizes& sizes, int npatch) const;
  bool noise() const { return settings_.decorrelation == DecorrelationKind::noise; }
  PatchShape whole_bundle(const ExtractUnit& unit, const Traces& traces, const PixelWindow& window) const;

  void prepare(const Image& image, const ExtractUnit& spotted, int below, int above);
  void load_pixels(const Image& image);
  void solve_by_patches(const ExtractUnit& unit, ExtractedUnit& out);
  bool solve_bundle(const ExtractUnit& unit, ExtractedUnit& out);
  Batch allocate(const PatchSizes& sizes, int npatch);
  void resolve(const DeviceView<const PatchShape*, Exec>& shapes, const DeviceView<const int*, Exec>& order, int npatch,
               int nkeep, const PatchFlux<Exec>& solution);
  template <class Launch>
  void solve_with_retry(const std::vector<PatchShape>& patches, const Batch& batch, const Launch& launch,
                        ExtractedUnit& out);
  static void bring(const DeviceView<double**, Exec>& view, Array2<double>& to);
  void collect(ExtractedUnit& out);
  bool is_dark(const ExtractUnit& unit) const;
  void leave_dark(ExtractedUnit& out) const;
  void project_model(const ExtractUnit& unit, ExtractedUnit& out);

  Psf psf_;
  ExtractSettings settings_;
  Exec exec_;
  PsfOnDevice<Exec> device_psf_;
  Traces traces_;
  UnitData<Exec> data_;
  UnitResults<Exec> results_;
  Reused<double, Exec> spots_, pixels_, ivar_, model_;
  Reused<Corner, Exec> corner_;
  PatchSlots<Exec> slots_, whole_;
  DeviceView<double**, Exec> scratch_;
};

}  // namespace zspex::kernels

#include "kernels/extract/detail/engine_prepare.hpp"
#include "kernels/extract/detail/engine_solve.hpp"
#include "kernels/extract/detail/solve_bundle.hpp"
#include "kernels/extract/detail/solve_patches.hpp"
