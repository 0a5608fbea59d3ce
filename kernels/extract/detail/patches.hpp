/// \file
/// How a bundle is cut into patches, and what each patch needs: its pixels and its half-bandwidth. Host code.
#pragma once

#include <vector>

#include "kernels/extract/grid.hpp"

namespace zspex::kernels::detail {

/// Where one patch sits in its block. Made by plan_patches(); usable on host and device. Unknown k = iwave * nspec +
/// ispec: fibers run fastest, which gives the narrowest band. Pixels and fibers count from the block's window and first
/// fiber.
struct PatchShape {
  int ispec = 0, nspec = 0;            ///< fibers, padding included
  int ikeep = 0, nkeep = 0;            ///< fibers kept, relative to ispec
  int iwave = 0, nwave = 0;            ///< bins of the padded grid
  int wavepad = 0, nwavekeep = 0;      ///< bins kept: [wavepad, wavepad + nwavekeep) of the patch
  int outspec = 0, outwave = 0;        ///< where the first kept bin goes in the block's results
  int y0 = 0, y1 = 0, x0 = 0, x1 = 0;  ///< pixel window, half open
  int wavespan = 0, fiberspan = 0;     ///< bins that overlap lie at most so many bins and fibers apart
  int band = 0;                        ///< half-bandwidth of the normal matrix
};

/// The window of pixels that a block's spots touch, on or off the CCD.
struct PixelWindow {
  int x0 = 0, y0 = 0, nx = 0, ny = 0;
  int stride = 0;  ///< doubles per row; more than nx, so that a spot's padded row stays inside
};

/// Doubles per row of a spot that is nx pixels wide: zeros behind it let two shifted rows be multiplied in whole vectors.
int spot_stride(int nx);

PixelWindow window_of(const Psf& psf, const Traces& traces);
/// Lets corners count from the window's origin, as kernels take them.
void count_from(const PixelWindow& window, Traces& traces);

/// Patches of the fibers [ispec, ispec + nspec), in sub-bundle-major order, with the reference's pixel windows
/// (extraction by sub-bundle, nwavestep bins and padding). `traces` covers the fibers and one more on each side inside
/// the bundle, and counts corners from the CCD's origin.
std::vector<PatchShape> plan_patches(const Psf& psf, const ExtractSettings& settings, const FiberBlock& block,
                                     const Traces& traces, const PixelWindow& window);

/// Fibers beside the one that a window of the `bundle` solver is for, on each side. A second changes nothing that can
/// be measured.
inline constexpr int window_neighbors = 1;

/// Windows of a whole bundle from which the `bundle` solver takes resolution and errors: for each fiber and every 24
/// bins, that fiber with its neighbors and `wavepad` bins of padding. Small roots are cheap, their padding is not.
std::vector<PatchShape> plan_windows(const Psf& psf, const Traces& traces, int wavepad, int nwave);

/// Fills wavespan, fiberspan and band of a shape from the overlap of its spots.
void measure_band(const Psf& psf, const Traces& traces, PatchShape& shape);

/// The fibers that the spots of a block are made for, or that a sub-bundle is solved with: its own and one neighbor on
/// each side, inside the bundle.
FiberBlock padded_block(const Psf& psf, const ExtractSettings& settings, const FiberBlock& block);

}  // namespace zspex::kernels::detail
