/// \file
/// What the kernels of one block share on the device: spots and pixels, results, and the workspace of the patches in
/// flight.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/base/reused.hpp"
#include "kernels/base/simd.hpp"
#include "kernels/extract/detail/patches.hpp"

namespace zspex::kernels::detail {

/// Rows of a factor that are solved together; the rows of a workspace are a multiple of it.
inline constexpr int row_tile = 4;

template <class Exec>
struct BlockData {
  int nspotx = 0, nspoty = 0, stride = 0;  ///< stride: doubles per row of a spot
  PixelWindow window;
  DeviceView<double****, Exec> spots;       ///< [nspec][nwave][nspoty][stride], each sums to 1
  DeviceView<const Corner**, Exec> corner;  ///< [nspec][nwave] lower left pixel, counted from the window's origin
  DeviceView<const double**, Exec> pixels;  ///< [ny][window.stride] electrons, 0 where ivar = 0
  DeviceView<const double**, Exec>
      ivar;  ///< [ny][window.stride] electrons^-2; 0 = masked, off the CCD, or behind the window
};

/// Results of a block, per bin.
template <class Exec>
struct BlockResults {
  DeviceView<double**, Exec> flux, ivar, chi2pix, good;  ///< [nspec][nwave]; good: part of the spot on usable pixels
  DeviceView<double***, Exec> resolution;                ///< [nspec][ndiag][nwave]
  DeviceView<double**, Exec> deconvolved;                ///< [nspec][nwave] f; empty unless the model image needs it
};

/// Patches that are solved in one launch: order[0 ... n) of all patches of the block.
template <class Exec>
struct Batch {
  DeviceView<const PatchShape*, Exec> patches;
  DeviceView<const int*, Exec> order;
  int n = 0;

  KOKKOS_FORCEINLINE_FUNCTION const PatchShape& patch(int slot) const { return patches(order(slot)); }
};

/// Memory of the patches in a batch; the first index is the patch's slot, its place in the batch.
template <class Exec>
struct PatchSlots {
  int ld = 0;                             ///< doubles per column of a band, and a row of a factor
  DeviceView<double**, Exec> band;        ///< [nslot][n * ld] normal matrix, then its Cholesky factor
  DeviceView<double**, Exec> rows;        ///< [nslot][nrow * ld] factor by rows; nrow = n rounded up to row_tile
  DeviceView<double**, Exec> matrix;      ///< [nslot][n * ld] the normal matrix kept, for 'noise'
  DeviceView<double**, Exec> fluxweight;  ///< [nslot][n] sum of spot * ivar
  DeviceView<double**, Exec> good;        ///< [nslot][n] sum of the spot on pixels with ivar > 0
  DeviceView<double**, Exec> flux;        ///< [nslot][n] right-hand side, then the deconvolved flux f
  DeviceView<double**, Exec> model;       ///< [nslot][rows * stride] chi^2 of each pixel

  // Of all patches of the block, by their number.
  DeviceView<int*, Exec> status;        ///< [npatch] 0 = factorized and solved
  DeviceView<int**, Exec> root_status;  ///< [npatch][nkeep] 0 = resolution found; apart from status, which others read
};

/// The largest of some patches, in every respect.
struct PatchSizes {
  int n = 0, band = 0, row = 0, wave = 0, keep = 0;  ///< unknowns, half-bandwidth, rows of pixels, bins, fibers kept
  std::size_t model = 0;                             ///< doubles of PatchSlots::model
};

/// Doubles that hold a patch's image of chi^2; also large enough for one number per bin.
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

/// Doubles per column of a band of half-width b: the factor's rows are read up to row_tile - 1 beyond it.
constexpr int band_stride(int b) { return round_up(b + row_tile, host_simd_width); }

/// What of PatchSlots is needed beyond band and vectors.
struct SlotParts {
  bool rows = true, matrix = false;
};

/// The arrays of PatchSlots, kept for the next block.
template <class Exec>
class SlotMemory {
 public:
  /// Room for batches of up to nslot of npatch patches. Nothing may be at work with it.
  PatchSlots<Exec> shape(int nslot, int npatch, const PatchSizes& sizes, SlotParts parts) {
    using View2 = DeviceView<double**, Exec>;
    const int ld = band_stride(sizes.band);
    const std::size_t n = sizes.n, cells = n * ld;
    nkeep_ = sizes.keep;
    status_.resize("zspex::extract::status", npatch * (std::size_t{1} + nkeep_));
    PatchSlots<Exec> slots;
    slots.ld = ld;
    slots.band = band_.template shaped<View2>("zspex::extract::band", nslot, cells);
    if (parts.rows)
      slots.rows = rows_.template shaped<View2>("zspex::extract::factor_rows", nslot, rows_of(sizes) * ld);
    if (parts.matrix) slots.matrix = matrix_.template shaped<View2>("zspex::extract::matrix", nslot, cells);
    slots.fluxweight = fluxweight_.template shaped<View2>("zspex::extract::fluxweight", nslot, n);
    slots.good = good_.template shaped<View2>("zspex::extract::good", nslot, n);
    slots.flux = flux_.template shaped<View2>("zspex::extract::deconvolved_flux", nslot, n);
    slots.model = model_.template shaped<View2>("zspex::extract::model", nslot, sizes.model);
    slots.status = status_.template shaped<DeviceView<int*, Exec>>(0, npatch);
    slots.root_status = status_.template shaped<DeviceView<int**, Exec>>(npatch, npatch, nkeep_);
    npatch_ = npatch;
    return slots;
  }

  static ArrayBytes bytes(int nslot, int npatch, const PatchSizes& sizes, SlotParts parts) {
    const std::size_t ld = band_stride(sizes.band), n = sizes.n;
    const std::size_t slot =
        n * ld * (parts.matrix ? 2 : 1) + (parts.rows ? rows_of(sizes) * ld : 0) + 3 * n + sizes.model;
    return {npatch * (std::size_t{1} + sizes.keep) * sizeof(int), nslot * slot * sizeof(double)};
  }

  /// Starts to tell the host what became of the patches.
  void tell_host(const Exec& exec) const { status_.to_host(exec); }
  /// Whether a patch was factorized, and whether its resolution was found, too. After a fence.
  bool factorized(int patch) const { return status_.host()[patch] == 0; }
  bool solved(int patch) const {
    const int* const roots = status_.host() + npatch_ + static_cast<std::size_t>(patch) * nkeep_;
    return factorized(patch) && std::all_of(roots, roots + nkeep_, [](int status) { return status == 0; });
  }

 private:
  static std::size_t rows_of(const PatchSizes& sizes) { return round_up(sizes.n, row_tile); }

  int npatch_ = 0, nkeep_ = 0;
  Reused<double, Exec> band_, rows_, matrix_, fluxweight_, good_, flux_, model_;
  Mirrored<int, Exec> status_;
};

}  // namespace zspex::kernels::detail
