#include "kernels/extract/detail/patches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <climits>

#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {

using namespace detail;

namespace {

using test::Camera;
using test::series;

std::vector<PatchShape> plan(const Psf& psf, const ExtractSettings& settings, const FiberBlock& block,
                             Traces* traces_out = nullptr, PixelWindow* window_out = nullptr) {
  const FiberBlock spotted = padded_block(psf, settings, block);
  const Traces traces =
      trace_fibers(psf, spotted.ispec, spotted.nspec,
                   pad_wave(settings.wave, settings.dwave, settings.wavepad, settings.wavepad + settings.nwavestep));
  const PixelWindow window = window_of(psf, traces);
  if (traces_out) *traces_out = traces;
  if (window_out) *window_out = window;
  return plan_patches(psf, settings, block, traces, window);
}

TEST(Patches, CutABundleLikeTheReference) {
  Camera camera;
  camera.nspec = 50;
  camera.nwave = 111;
  const Psf psf = test::invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.bundlesize = 25;
  settings.nsubbundles = 5;
  const std::vector<PatchShape> patches = plan(psf, settings, {25, 25});  // the second bundle
  ASSERT_EQ(patches.size(), 5u * 3u);
  for (int sub = 0; sub < 5; ++sub)
    for (int step = 0; step < 3; ++step) {
      const PatchShape& patch = patches[sub * 3 + step];
      SCOPED_TRACE("sub-bundle " + std::to_string(sub) + ", step " + std::to_string(step));
      // One fiber more on each side, but none of another bundle: 6, 7, 7, 7, 6 fibers.
      EXPECT_EQ(patch.nspec, sub == 0 || sub == 4 ? 6 : 7);
      EXPECT_EQ(patch.ikeep, sub == 0 ? 0 : 1);
      EXPECT_EQ(patch.nkeep, 5);
      EXPECT_EQ(patch.ispec, sub == 0 ? 0 : 5 * sub - 1);  // the block's spots start at the bundle's first fiber
      EXPECT_EQ(patch.outspec, 5 * sub);
      EXPECT_EQ(patch.iwave, 50 * step);
      EXPECT_EQ(patch.outwave, 50 * step);
      EXPECT_EQ(patch.nwave, 74);  // the last patch, too
      EXPECT_EQ(patch.wavepad, 12);
      EXPECT_EQ(patch.nwavekeep, step == 2 ? 11 : 50);
    }
}

TEST(Patches, LastPatchMayKeepOneBin) {
  Camera camera;
  camera.nwave = 101;
  const std::vector<PatchShape> patches = plan(test::invent_psf(camera), test::settings_for(camera), {0, 10});
  ASSERT_EQ(patches.size(), 3u);
  EXPECT_EQ(patches[2].nwavekeep, 1);
  EXPECT_EQ(patches[2].nwave, 74);
}

TEST(Patches, ASubBundleAloneHasTheSamePatches) {
  Camera camera;
  camera.nspec = 25;
  const Psf psf = test::invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.nsubbundles = 5;
  PixelWindow whole_window, fine_window;
  Traces whole_traces, fine_traces;
  const std::vector<PatchShape> whole = plan(psf, settings, {0, 25}, &whole_traces, &whole_window);
  const std::vector<PatchShape> fine = plan(psf, settings, {10, 5}, &fine_traces, &fine_window);
  ASSERT_EQ(fine.size(), 2u);
  EXPECT_EQ(fine_traces.ispec, 9);
  EXPECT_EQ(fine_traces.nspec, 7);
  for (int step = 0; step < 2; ++step) {
    const PatchShape &a = whole[2 * 2 + step], &b = fine[step];
    EXPECT_EQ(a.ispec + whole_traces.ispec, b.ispec + fine_traces.ispec);
    EXPECT_EQ(a.outspec, 10 + b.outspec);
    EXPECT_EQ(a.band, b.band);
    EXPECT_EQ(a.y0 + whole_window.y0, b.y0 + fine_window.y0);
    EXPECT_EQ(a.y1 + whole_window.y0, b.y1 + fine_window.y0);
    EXPECT_EQ(a.x0 + whole_window.x0, b.x0 + fine_window.x0);
    EXPECT_EQ(a.x1 + whole_window.x0, b.x1 + fine_window.x0);
  }
}

/// One fiber whose corners advance by exactly `rows` a bin; the padding of 12 bins is then 12 * rows rows high.
std::vector<PatchShape> straight(double rows, double frac, PixelWindow& window) {
  Psf psf;
  psf.nspec = 1;
  psf.npix_x = 40;
  psf.npix_y = 400;
  psf.hsizex = 5;
  psf.hsizey = 4;
  psf.x = series(1, 0, 2, {20});
  psf.y = series(1, 0, 2, {100 + rows, rows});  // 100 + rows * wave
  ExtractSettings settings;
  settings.wave = wave_grid(0, 99, 1);
  settings.dwave = 1;
  settings.nspec = settings.bundlesize = settings.nsubbundles = 1;
  settings.pixpad_frac = frac;
  return plan(psf, settings, {0, 1}, nullptr, &window);
}

TEST(Patches, WindowTruncatesAsDoublesDo) {
  PixelWindow window;
  // A fraction 0.8 of the padding rows is cut: lo = trunc(d * (1 - 0.8)), with 1 - 0.8 = 0.19999999999999996 in double.
  struct Case {
    double rows;
    int lo, hi;  // rows that the window starts after the first padded row, and rows above the last core row
  };
  //  d = 20 rows below: 20 * (1 - 0.8) = 3.9999999999999991 -> 3; above: 20 * 0.8 = 16
  //  d = 24: 4.7999 -> 4, 19.2 -> 19;  d = 15 (12 * 1.25): 2.99999 -> 2, 12;  d = 18: 3.6 -> 3, 14.4 -> 14
  for (const Case& one : {Case{20 / 12., 3, 16}, Case{2, 4, 19}, Case{1.25, 2, 12}, Case{1.5, 3, 14}}) {
    const PatchShape patch = straight(one.rows, 0.8, window)[0];
    const auto corner = [&](int w) { return static_cast<int>(std::floor(100 + one.rows * (w - 12) - 4 + 0.5)); };
    ASSERT_EQ(corner(12) - corner(0), std::lround(12 * one.rows)) << one.rows;
    EXPECT_EQ(patch.y0 + window.y0, corner(0) + one.lo) << one.rows;
    EXPECT_EQ(patch.y1 + window.y0, corner(12 + 49) + 9 + one.hi) << one.rows;
    EXPECT_EQ(patch.x0 + window.x0, 15);
    EXPECT_EQ(patch.x1 + window.x0, 26);
  }
}

TEST(Patches, WindowIsThePaddedOneOrTheCoreAtTheEndsOfTheFraction) {
  PixelWindow window;
  PatchShape patch = straight(2, 1.0, window)[0];  // everything
  EXPECT_EQ(patch.y0 + window.y0, 100 - 24 - 4);
  EXPECT_EQ(patch.y1 + window.y0, 100 + 2 * 61 - 4 + 9);
  patch = straight(2, 0.0, window)[0];  // only rows of core bins
  EXPECT_EQ(patch.y0 + window.y0, 100 - 4);
  EXPECT_EQ(patch.y1 + window.y0, 100 + 2 * 49 - 4 + 9);
}

TEST(Patches, CoreRowsCountPaddingFibersToo) {
  // Neighbors 30 rows higher and lower: the core rows are theirs, not those of the kept fiber.
  Camera camera;
  camera.nspec = 3;
  camera.tilt = 15;
  camera.nwave = 50;
  const Psf psf = test::invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.nsubbundles = 3;
  settings.pixpad_frac = 0;
  Traces traces;
  PixelWindow window;
  const PatchShape patch = plan(psf, settings, {0, 3}, &traces, &window)[1];
  ASSERT_EQ(patch.nspec, 3);
  EXPECT_EQ(patch.y0 + window.y0, traces.corner(0, 12).y);
  EXPECT_EQ(patch.y1 + window.y0, traces.corner(2, 12 + 49).y + 9);
}

TEST(Patches, BandIsThatOfTheOverlaps) {
  test::Random random(77);
  for (int trial = 0; trial < 12; ++trial) {
    Camera camera;
    camera.nspec = 1 + trial % 5;
    camera.spacing = random.uniform(2, 13);
    camera.rows_per_bin = random.uniform(0.7, 3);
    camera.tilt = random.uniform(-6, 6);
    camera.nwave = 61;
    SCOPED_TRACE("trial " + std::to_string(trial));
    const Psf psf = test::invent_psf(camera);
    const ExtractSettings settings = test::settings_for(camera);
    Traces traces;
    for (const PatchShape& patch : plan(psf, settings, {0, camera.nspec}, &traces)) {
      int band = camera.nspec - 1, span = 0;
      const int n = patch.nspec * patch.nwave;
      for (int k = 0; k < n; ++k)
        for (int l = k; l < n; ++l) {
          const Corner a = traces.corner(patch.ispec + k % patch.nspec, patch.iwave + k / patch.nspec);
          const Corner b = traces.corner(patch.ispec + l % patch.nspec, patch.iwave + l / patch.nspec);
          if (std::abs(a.x - b.x) >= 11 || std::abs(a.y - b.y) >= 9) continue;
          band = std::max(band, l - k);
          span = std::max(span, l / patch.nspec - k / patch.nspec);
        }
      EXPECT_EQ(patch.band, band);
      EXPECT_EQ(patch.wavespan, span);
    }
  }
}

TEST(Patches, WindowHoldsEverySpotAndItsPadding) {
  Camera camera;
  const Psf psf = test::invent_psf(camera);
  const Traces traces = trace_fibers(psf, 0, 10, wave_grid(5990, 6090, 0.8));
  const PixelWindow window = window_of(psf, traces);
  int x0 = INT_MAX, x1 = INT_MIN, y0 = INT_MAX, y1 = INT_MIN;
  for (const Corner& corner : traces.corner) {
    x0 = std::min(x0, corner.x);
    x1 = std::max(x1, corner.x + 11);
    y0 = std::min(y0, corner.y);
    y1 = std::max(y1, corner.y + 9);
    EXPECT_LE(corner.x - window.x0 + spot_stride(11), window.stride);
  }
  EXPECT_EQ(window.x0, x0);
  EXPECT_EQ(window.y0, y0);
  EXPECT_EQ(window.nx, x1 - x0);
  EXPECT_EQ(window.ny, y1 - y0);
}

TEST(Blocks, AreBundlesOrSubBundles) {
  ExtractSettings settings;
  settings.specmin = 50;
  settings.nspec = 75;
  const auto starts = [&](bool fine) {
    std::vector<std::pair<int, int>> out;
    for (const FiberBlock& block : plan_blocks(settings, fine)) out.push_back({block.ispec, block.nspec});
    return out;
  };
  EXPECT_EQ(starts(false), (std::vector<std::pair<int, int>>{{50, 25}, {75, 25}, {100, 25}}));
  ASSERT_EQ(starts(true).size(), 15u);
  EXPECT_EQ(starts(true)[4], (std::pair<int, int>{70, 5}));
  settings.solver = SolverKind::bundle;  // a bundle is not divisible
  EXPECT_EQ(starts(true).size(), 3u);
}

}  // namespace
}  // namespace zspex::kernels
