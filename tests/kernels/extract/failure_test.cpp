// Systems that can't be solved: retried, then flagged, and nobody else's business.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {
namespace {

using test::extract_all;
using test::series;

/// Six fibers, each a sub-bundle, with a PSF of one pixel. Fibers 0 and 1 share their column: where a patch holds both,
/// columns of A are equal and the matrix [w w; w w] has a pivot of exactly 0 when w = 4^k. Patches of fibers 0 and 1
/// hold both, of fiber 2 only fiber 1.
class Degenerate : public testing::TestWithParam<SolverKind> {
 protected:
  Degenerate() {
    psf.nspec = 6;
    psf.npix_x = 61;
    psf.npix_y = 83;
    psf.hsizex = psf.hsizey = 2;
    psf.x = series(6, 0, 2, {0});
    for (int s = 0; s < 6; ++s) psf.x.coeff.data()[s] = s == 0 ? 19 : 12 + 7 * s;
    psf.y = series(6, 0, 2, {22, 2});  // 20 + 2 w
    psf.sigmax = psf.sigmay = series(6, 0, 2, {0.02});
    psf.gh = {series(6, 0, 2, {1})};
    settings.wave = wave_grid(0, 22, 1);
    settings.dwave = 1;
    settings.nspec = settings.bundlesize = settings.nsubbundles = 6;
    settings.nwavestep = 10;  // 3 patches per fiber
    settings.wavepad = 3;
    settings.solver = GetParam();
    test::Random random(51);
    for (float& value : pixels.image) value = static_cast<float>(random.uniform(1, 100));
  }
  void set_ivar(float value) { std::fill(pixels.ivar.begin(), pixels.ivar.end(), value); }
  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{61, 83};
};

TEST_P(Degenerate, PatchesAreRetriedAlone) {
  set_ivar(16);
  const ExtractedBlock found = extract_all(psf, settings, pixels.view());
  test::expect_finite(found);
  const bool patches = GetParam() == SolverKind::patch;
  EXPECT_EQ(found.npatch, 18);  // the bundle solver falls back on patches
  EXPECT_EQ(found.nretried, 6);
  EXPECT_EQ(found.nfailed, 0);
  for (int w = 0; w < 23; ++w) {
    SCOPED_TRACE("bin " + std::to_string(w));
    // The prior of 1e-4 shares the light of the column between the two.
    const double pixel = pixels.image[pixels.at(20 + 2 * w, 19)];
    EXPECT_NEAR(found.flux(0, w), pixel / 2, 1e-4);
    EXPECT_NEAR(found.flux(1, w), pixel / 2, 1e-4);
    EXPECT_LT(found.ivar(0, w), 1e-7);  // and they know nothing apart
    EXPECT_GT(found.ivar(0, w), 0);
    for (int s = 2; s < 6; ++s) {
      EXPECT_NEAR(found.flux(s, w), pixels.image[pixels.at(20 + 2 * w, 12 + 7 * s)], 1e-6);
      EXPECT_NEAR(found.ivar(s, w), 16, 1e-6);
    }
    for (int s = 0; s < 6; ++s) EXPECT_EQ(found.failed(s, w), 0);
  }
  if (!patches) return;
  // No other patch has been regularized: fibers 2 to 5 come after the failures and have the bits of a healthy bundle.
  psf.x.coeff(0, 0) = 12;
  const ExtractedBlock healthy = extract_all(psf, settings, pixels.view());
  EXPECT_EQ(healthy.nretried, 0);
  for (int s = 2; s < 6; ++s)
    for (int w = 0; w < 23; ++w) {
      EXPECT_EQ(found.flux(s, w), healthy.flux(s, w));
      EXPECT_EQ(found.ivar(s, w), healthy.ivar(s, w));
    }
}

TEST_P(Degenerate, PatchesThatFailAgainAreFlaggedAndEmpty) {
  for (const DecorrelationKind kind : {DecorrelationKind::signal, DecorrelationKind::noise}) {
    settings.decorrelation = kind;
    settings.model = ModelKind::reconvolved;
    set_ivar(0x1p44f);  // 1e-8 is lost in it
    const ExtractedBlock found = extract_all(psf, settings, pixels.view());
    test::expect_finite(found);
    EXPECT_EQ(found.npatch, 18);
    EXPECT_EQ(found.nretried, 6);
    EXPECT_EQ(found.nfailed, 6);
    for (int w = 0; w < 23; ++w) {
      SCOPED_TRACE("bin " + std::to_string(w));
      for (int s = 0; s < 2; ++s) {
        EXPECT_EQ(found.failed(s, w), 1);
        EXPECT_EQ(found.flux(s, w), 0);
        EXPECT_EQ(found.ivar(s, w), 0);
        EXPECT_EQ(found.chi2pix(s, w), 0);
        for (int d = 0; d < 5; ++d) EXPECT_EQ(found.resolution(s, d, w), d == 2);
      }
      for (int s = 2; s < 6; ++s) {
        EXPECT_EQ(found.failed(s, w), 0);
        EXPECT_NEAR(found.flux(s, w), pixels.image[pixels.at(20 + 2 * w, 12 + 7 * s)], 1e-9);
        EXPECT_NEAR(found.ivar(s, w), 0x1p44, 0x1p44 * 1e-12);
      }
    }
  }
}

TEST_P(Degenerate, MaskedPixelsDoNotHideAFailure) {
  set_ivar(0x1p44f);
  pixels.mask[pixels.at(20 + 2 * 4, 19)] = 1;
  const ExtractedBlock found = extract_all(psf, settings, pixels.view());
  test::expect_finite(found);
  EXPECT_EQ(found.failed(0, 4), 1);
  EXPECT_EQ(found.failed(0, 5), 1);
  EXPECT_EQ(found.failed(3, 4), 0);
}

// Inverse variances over the whole range of a float, next to each other: nothing sensible can come out, but the frame
// must stand.
TEST_P(Degenerate, AbsurdInverseVariancesHarmTheirPatchOnly) {
  test::Camera camera;
  camera.nspec = 9;
  const Psf ordinary = test::invent_psf(camera);
  ExtractSettings other = test::settings_for(camera);
  other.nsubbundles = 3;
  other.solver = GetParam();
  test::Random random(52);
  test::Pixels image = test::expose(ordinary, other.wave, test::invent_spectra(9, camera.nwave, 100, random), random);
  test::add_noise(image, random);
  const ExtractedBlock before = extract_all(ordinary, other, image.view());
  for (int i = 0; i < 300; ++i)  // bottom rows only
    image.ivar[static_cast<std::size_t>(random.uniform(20 * 107, 70 * 107))] =
        i % 3 == 0   ? std::numeric_limits<float>::max()
        : i % 3 == 1 ? std::numeric_limits<float>::denorm_min()
                     : 1e-30f;
  const ExtractedBlock found = extract_all(ordinary, other, image.view());
  test::expect_finite(found);
  // The bundle solver falls back on patches, which differ by their seams.
  const double tolerance = GetParam() == SolverKind::patch ? 0 : 1e-3;
  for (int s = 0; s < 9; ++s)
    for (int w = 90; w < 97; ++w) {
      EXPECT_EQ(found.failed(s, w), 0);
      EXPECT_NEAR(found.ivar(s, w), before.ivar(s, w), tolerance * before.ivar(s, w)) << s << ", " << w;
    }
}

INSTANTIATE_TEST_SUITE_P(Solvers, Degenerate, testing::Values(SolverKind::patch, SolverKind::bundle),
                         [](const auto& info) { return info.param == SolverKind::patch ? "Patch" : "Bundle"; });

}  // namespace
}  // namespace zspex::kernels
