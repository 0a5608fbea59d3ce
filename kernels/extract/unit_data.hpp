/// \file
/// What the kernels of one unit share on the device: spots, pixels, results, and the workspace of the patches in
/// flight.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/base/simd.hpp"
#include "kernels/extract/patches.hpp"

namespace zspex::kernels {

/// Rows of a factor that are solved together; the rows of a workspace are a multiple of it.
inline constexpr int row_tile = 4;

template <class Exec>
struct UnitData {
  int nspotx = 0, nspoty = 0, stride = 0;  ///< stride: doubles a row of a spot
  PixelWindow window;
  DeviceView<double****, Exec> spots;  ///< [nspec][nwave][nspoty][stride], each sums to 1
  DeviceView<Corner**, Exec> corner;   ///< [nspec][nwave] lower left pixel, counted from the window's origin
  DeviceView<double**, Exec> pixels;   ///< [ny][window.stride] electrons, 0 where ivar = 0
  DeviceView<double**, Exec> ivar;  ///< [ny][window.stride] electrons^-2; 0 = masked, off the CCD, or behind the window
};

/// Results of a unit, per bin.
template <class Exec>
struct UnitResults {
  DeviceView<double**, Exec> flux, ivar, chi2pix, good;  ///< [nspec][nwave]; good: part of the spot on usable pixels
  DeviceView<double***, Exec> resolution;                ///< [nspec][ndiag][nwave]
  DeviceView<double**, Exec> deconvolved;                ///< [nspec][nwave] f; empty unless the model image needs it
};

/// Memory of the patches that are solved in one launch; the first index is the patch's slot.
template <class Exec>
struct PatchSlots {
  int nslot = 0, ld = 0;            ///< ld: doubles a column of a band, and a row of a factor
  DeviceView<double**, Exec> band;  ///< [nslot][n * ld] normal matrix, then its Cholesky factor
  DeviceView<double**, Exec> rows;  ///< [nslot][nrow * ld] factor by rows; nrow = n rounded up to row_tile
  DeviceView<double**, Exec>
      matrix;  ///< [nslot][n * ld] the normal matrix kept, for 'noise' and for the windows of a bundle
  DeviceView<double**, Exec> fluxweight;  ///< [nslot][n] sum of spot * ivar
  DeviceView<double**, Exec> good;        ///< [nslot][n] sum of the spot on pixels with ivar > 0
  DeviceView<double**, Exec> flux;        ///< [nslot][n] right-hand side, then the deconvolved flux f
  DeviceView<double**, Exec> model;       ///< [nslot][rows * stride] chi^2 of each pixel
  DeviceView<int*, Exec> status;          ///< [nslot] 0 = factorised and solved
  DeviceView<int**, Exec>
      root_status;  ///< [nslot][nkeep] 0 = resolution found; apart from status, which other teams read meanwhile
};

/// The largest of some patches, in every respect.
struct PatchSizes {
  int n = 0, band = 0, row = 0, wave = 0, keep = 0;  ///< unknowns, half-bandwidth, rows of pixels, bins, fibers kept
  std::size_t model = 0;                             ///< doubles of PatchSlots::model
};

/// Doubles that hold a patch's image of chi^2; also room for one number a bin.
inline std::size_t model_size(const PatchShape& patch, int stride) {
  const int row = round_up(patch.x1 - patch.x0 + stride, host_simd_width);
  return std::max(static_cast<std::size_t>(patch.y1 - patch.y0) * row, static_cast<std::size_t>(patch.nwave));
}

inline PatchSizes sizes_of(const std::vector<PatchShape>& patches, int stride) {
  PatchSizes sizes;
  for (const PatchShape& patch : patches) {
    sizes.n = std::max(sizes.n, patch.nspec * patch.nwave);
    sizes.band = std::max(sizes.band, patch.band);
    sizes.row = std::max(sizes.row, patch.y1 - patch.y0);
    sizes.wave = std::max(sizes.wave, patch.nwave);
    sizes.keep = std::max(sizes.keep, patch.nkeep);
    sizes.model = std::max(sizes.model, model_size(patch, stride));
  }
  return sizes;
}

/// Doubles a column of a band of half-width b: the factor's rows are read up to row_tile - 1 beyond it.
constexpr int band_stride(int b) { return round_up(b + row_tile, host_simd_width); }

/// What of PatchSlots is needed beyond band and vectors.
struct SlotParts {
  bool rows = true, matrix = false;
};

/// Bytes of one slot of make_slots().
inline std::size_t slot_bytes(const PatchSizes& sizes, SlotParts parts) {
  const std::size_t ld = band_stride(sizes.band);
  const std::size_t doubles = sizes.n * ld * (1 + (parts.matrix ? 1 : 0)) + 3 * sizes.n + sizes.model +
                              (parts.rows ? round_up(sizes.n, row_tile) * ld : 0);
  return doubles * sizeof(double);
}

template <class Exec>
PatchSlots<Exec> make_slots(int nslot, const PatchSizes& sizes, SlotParts parts) {
  const int n = sizes.n, ld = band_stride(sizes.band), nkeep = sizes.keep;
  const std::size_t npixel = sizes.model;
  const auto label = [](const char* name) {
    return Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string(name));
  };
  const std::size_t cells = static_cast<std::size_t>(n) * ld,
                    rows = static_cast<std::size_t>(round_up(n, row_tile)) * ld;
  PatchSlots<Exec> slots;
  slots.nslot = nslot;
  slots.ld = ld;
  using View2 = DeviceView<double**, Exec>;
  slots.band = View2(label("zspex::extract::band"), nslot, cells);
  if (parts.rows) slots.rows = View2(label("zspex::extract::factor_rows"), nslot, rows);
  if (parts.matrix) slots.matrix = View2(label("zspex::extract::matrix"), nslot, cells);
  slots.fluxweight = View2(label("zspex::extract::fluxweight"), nslot, n);
  slots.good = View2(label("zspex::extract::good"), nslot, n);
  slots.flux = View2(label("zspex::extract::deconvolved_flux"), nslot, n);
  slots.model = View2(label("zspex::extract::model"), nslot, npixel);
  slots.status = DeviceView<int*, Exec>(label("zspex::extract::status"), nslot);
  slots.root_status = DeviceView<int**, Exec>(label("zspex::extract::root_status"), nslot, nkeep);
  return slots;
}

/// Whether each of the first `count` slots was solved, on the host.
template <class Exec>
std::vector<bool> solved_slots(const Exec& exec, const PatchSlots<Exec>& slots, int count, bool with_roots) {
  fence(exec, "host reads the status of patches");
  auto status = Kokkos::create_mirror_view(slots.status);
  auto root_status = Kokkos::create_mirror_view(slots.root_status);
  Kokkos::deep_copy(status, slots.status);
  Kokkos::deep_copy(root_status, slots.root_status);
  std::vector<bool> solved(count);
  for (int i = 0; i < count; ++i) {
    solved[i] = status(i) == 0;
    for (int k = 0; with_roots && k < root_status.extent_int(1); ++k) solved[i] = solved[i] && root_status(i, k) == 0;
  }
  return solved;
}

}  // namespace zspex::kernels
