// The whole method against plain loops with dense matrices (support/plain_extraction.hpp).
#include <gtest/gtest.h>

#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {
namespace {

using test::Camera;
using test::expect_close;
using test::extract_all;
using test::extract_plainly;
using test::invent_psf;

/// A bundle of six fibers, so close that second neighbors overlap, in three sub-bundles; patches of 11 + 2 * 5 bins.
Camera small_camera() {
  Camera camera;
  camera.nspec = 6;
  camera.nx = 61;
  camera.ny = 113;
  camera.nwave = 31;
  camera.spacing = 5.2;
  return camera;
}

ExtractSettings small_settings(const Camera& camera) {
  ExtractSettings settings = test::settings_for(camera);
  settings.nsubbundles = 3;
  settings.nwavestep = 11;
  settings.wavepad = 5;
  settings.psferr = 0.03;
  return settings;
}

/// Bins that no pixel sees have a variance of 1 / q_min^2 in the same block as those of 1 / q: condition 1e10 and more.
/// The eigenvectors of a block are accurate to epsilon times that.
const test::Tolerance beside_nothing{2e-5, 1e-5, 1e-5, 1e-5, 1e-12};

struct Exposure {
  Camera camera = small_camera();
  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{1, 1};

  explicit Exposure(std::uint64_t seed, Camera c = small_camera())
      : camera(c), psf(invent_psf(c)), settings(small_settings(c)) {
    test::Random random(seed);
    const Array2<double> photons = test::invent_spectra(camera.nspec, camera.nwave, 300, random);
    pixels = test::expose(psf, settings.wave, photons, random);
    test::add_noise(pixels, random);
  }
  void compare(test::Tolerance tolerance = {}) const {
    const ExtractedBlock found = extract_all(psf, settings, pixels.view());
    EXPECT_EQ(found.nfailed, 0);
    EXPECT_EQ(found.nretried, 0);
    expect_close(found, extract_plainly(psf, settings, pixels.view()), tolerance);
  }
};

TEST(PatchSolver, AgreesWithDenseMatrices) { Exposure(11).compare(); }

TEST(PatchSolver, AgreesWithDenseMatricesInOnePatch) {
  Exposure exposure(12);
  exposure.settings.nsubbundles = 1;
  exposure.settings.nwavestep = 31;
  exposure.compare();
}

TEST(PatchSolver, AgreesWithDenseMatricesInTwoBundles) {
  Exposure exposure(13);
  exposure.settings.bundlesize = 3;
  exposure.settings.nsubbundles = 1;
  exposure.compare();
}

TEST(PatchSolver, AgreesWithDenseMatricesForTheSecondBundleOnly) {
  Exposure exposure(14);
  exposure.settings.bundlesize = exposure.settings.specmin = exposure.settings.nspec = 3;
  exposure.settings.nsubbundles = 3;
  exposure.compare();
}

TEST(PatchSolver, AgreesWithDenseMatricesWhereFibersAreFarApart) {
  Camera camera = small_camera();
  camera.spacing = 12.4;
  camera.nx = 97;
  Exposure(15, camera).compare();
}

TEST(PatchSolver, AgreesWithDenseMatricesForSteepTilt) {
  Camera camera = small_camera();
  camera.tilt = -4.6;
  camera.y0 = 50;
  Exposure(16, camera).compare();
}

TEST(PatchSolver, AgreesWithDenseMatricesWhereBinsAreFine) {
  Camera camera = small_camera();
  camera.rows_per_bin = 1.1;  // covariance with a condition of 1e7
  Exposure(17, camera).compare({1e-7, 1e-7, 1e-7, 1e-7, 1e-12});
}

TEST(PatchSolver, AgreesWithDenseMatricesWhenRegularized) {
  Exposure exposure(18);
  exposure.settings.regularize = 0.07;
  exposure.compare();
}

TEST(PatchSolver, AgreesWithDenseMatricesForOtherWindows) {
  for (double frac : {0.0, 0.37, 1.0}) {
    Exposure exposure(19);
    exposure.settings.pixpad_frac = frac;
    // Without rows for the padding, its bins hang on a few pixels.
    exposure.compare(frac > 0 ? test::Tolerance{} : beside_nothing);
  }
}

TEST(PatchSolver, AgreesWithDenseMatricesWithMaskedPixels) {
  Exposure exposure(20);
  test::Random random(21);
  for (int i = 0; i < 400; ++i) {
    const int y = static_cast<int>(random.uniform(0, 113)), x = static_cast<int>(random.uniform(0, 61));
    const std::size_t at = exposure.pixels.at(y, x);
    if (i % 3 == 0) exposure.pixels.ivar[at] = 0;
    if (i % 3 == 1) exposure.pixels.mask[at] = 4;
    if (i % 3 == 2) exposure.pixels.mask[at] = 256;  // BADREADNOISE: not masked
    exposure.pixels.image[at] += 1e4;
  }
  exposure.compare();
}

// Bins of little weight: alpha = q_min - q, squared, added to the diagonal; and bins of none.
TEST(PatchSolver, AgreesWithDenseMatricesBesideMaskedRows) {
  Exposure exposure(22);
  for (int y = 58; y < 68; ++y)
    for (int x = 0; x < 61; ++x) exposure.pixels.ivar[exposure.pixels.at(y, x)] *= y % 5 == 0 ? 3e-5f : 0.f;
  exposure.compare(beside_nothing);
}

TEST(PatchSolver, AgreesWithDenseMatricesAtEveryEdgeOfTheCcd) {
  for (const auto& [y0, x0] : {std::pair{-9.0, 14.3}, {66.0, 14.3}, {31.0, -4.2}, {31.0, 34.1}}) {
    Camera camera = small_camera();
    camera.y0 = y0;
    camera.x0 = x0;
    SCOPED_TRACE("y0 " + std::to_string(y0) + ", x0 " + std::to_string(x0));
    Exposure(23, camera).compare(beside_nothing);
  }
}

// The 1e-15 on the diagonal and the mixed units of alpha make the answer depend on the scale of ivar, as in the
// reference.
TEST(PatchSolver, AgreesWithDenseMatricesForEveryScaleOfTheInverseVariance) {
  for (const float scale : {1e-12f, 1e-4f, 1e4f, 1e12f}) {
    Exposure exposure(26);
    SCOPED_TRACE("scale " + std::to_string(scale));
    for (float& value : exposure.pixels.ivar) value *= scale;
    exposure.compare({1e-7 * std::max(1.0, std::sqrt(double(scale))), 1e-7, 1e-7, 1e-7, 1e-12});
  }
}

TEST(PatchSolver, AgreesWithDenseMatricesForNoiseDecorrelation) {
  Exposure exposure(24);
  exposure.settings.decorrelation = DecorrelationKind::noise;
  exposure.compare();
}

TEST(PatchSolver, ModelImageIsTheProjectionOfTheConvolvedFlux) {
  Exposure exposure(25);
  exposure.settings.bundlesize = 3;
  exposure.settings.nsubbundles = 1;
  exposure.settings.model = ModelKind::reconvolved;
  const ExtractedBlock found = extract_all(exposure.psf, exposure.settings, exposure.pixels.view(), true);
  const test::PlainSpectra expected = extract_plainly(exposure.psf, exposure.settings, exposure.pixels.view());
  Array2<double> projected({113, 61});
  project_spectra(exposure.psf, exposure.settings.wave, 0, found.flux, projected);
  double most = 0;
  for (std::size_t y = 0; y < 113; ++y)
    for (std::size_t x = 0; x < 61; ++x) {
      const double size = std::abs(expected.model(y, x)) + 1;
      ASSERT_NEAR(found.model(y, x), expected.model(y, x), 3e-7 * size) << "row " << y << ", column " << x;  // float
      ASSERT_NEAR(projected(y, x), expected.model(y, x), 1e-8 * size) << "row " << y << ", column " << x;
      most = std::max(most, size);
    }
  EXPECT_GT(most, 50);
}

}  // namespace
}  // namespace zspex::kernels
