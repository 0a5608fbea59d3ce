// Extractions of images whose spectra are known.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/extract/grid.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {
namespace {

using test::Camera;
using test::convolve;
using test::extract_all;
using test::invent_psf;

/// Without noise f is the truth exactly, and flux = R f up to the diagonals of R that are not stored. A spot that is
/// high (19 rows) has 19 stored diagonals, beyond which nothing is left.
TEST(Truth, NoiselessFluxIsResolutionTimesTruth) {
  Camera camera;
  camera.nspec = 5;
  camera.nx = 61;
  camera.nwave = 61;
  camera.hsizey = 9;
  camera.rows_per_bin = 1.7;
  const Psf psf = invent_psf(camera);
  for (const SolverKind solver : {SolverKind::patch, SolverKind::bundle}) {
    ExtractSettings settings = test::settings_for(camera);
    settings.solver = solver;
    settings.nwavestep = 61;  // one patch: no light from beyond its padding
    test::Random random(31);
    const Array2<double> photons = test::invent_spectra(5, 61, 500, random);
    // Doubles rounded to the float pixels of a frame: 6e-8 of a pixel, times the root of the condition
    const test::Pixels pixels = test::expose(psf, settings.wave, photons, random);
    const ExtractedBlock found = extract_all(psf, settings, pixels.view());
    const Array2<double> right = convolve(found.resolution, photons), wrong = convolve(found.resolution, photons, true);
    double left_out = 0;  // the outermost stored elements bound what follows them
    for (int s = 0; s < 5; ++s)
      for (int w = 20; w < 41; ++w)
        left_out = std::max({left_out, std::abs(found.resolution(s, 0, w)), std::abs(found.resolution(s, 18, w))});
    ASSERT_LT(left_out, 2e-4);
    double worst = 0, worst_transposed = 0;
    for (int s = 0; s < 5; ++s)
      for (int w = 0; w < 61; ++w) {
        const double sigma = 1 / std::sqrt(found.ivar(s, w));
        worst = std::max(worst, std::abs(found.flux(s, w) - right(s, w)) / sigma);
        worst_transposed = std::max(worst_transposed, std::abs(found.flux(s, w) - wrong(s, w)) / sigma);
      }
    // Lines of 5000 photons (250 sigma) times the elements left out
    EXPECT_LT(worst, 0.01);
    EXPECT_GT(worst_transposed, 1);
  }
}

/// Without noise A f is the image itself; A (R f) is smoother.
TEST(Truth, TheModelOfTheDeconvolvedFluxIsTheImage) {
  Camera camera;
  camera.nspec = 5;
  camera.nx = 61;
  const Psf psf = invent_psf(camera);
  for (const SolverKind solver : {SolverKind::patch, SolverKind::bundle}) {
    ExtractSettings settings = test::settings_for(camera);
    settings.solver = solver;
    test::Random random(33);
    const Array2<double> photons = test::invent_spectra(5, camera.nwave, 500, random);
    const test::Pixels pixels = test::expose(psf, settings.wave, photons, random);
    for (const ModelKind kind : {ModelKind::deconvolved, ModelKind::reconvolved}) {
      settings.model = kind;
      const ExtractedBlock found = extract_all(psf, settings, pixels.view());
      double worst = 0;  // in units of a pixel's error
      for (int y = 0; y < camera.ny; ++y)
        for (int x = 0; x < camera.nx; ++x) {
          const std::size_t at = pixels.at(y, x);
          const double off = found.model(y, x) - pixels.image[at];
          worst = std::max(worst, std::abs(off) * std::sqrt(pixels.ivar[at]));
        }
      if (kind == ModelKind::deconvolved)
        EXPECT_LT(worst, 0.2);
      else
        EXPECT_GT(worst, 5);
    }
  }
}

/// So it is with the two cores of type GAUSS-HERMITE2.
TEST(Truth, TwoCoresAreExtractedAsTheyAreProjected) {
  Camera camera;
  camera.nspec = 5;
  camera.nx = 61;
  Psf psf = invent_psf(camera);
  SecondCore core{0, 0, psf.sigmax, psf.sigmay, psf.sigmax, {psf.gh[0]}};
  for (Legendre* series : {&core.sigmax, &core.sigmay, &core.nsig})
    for (double& value : series->coeff) value *= 2;
  for (double& value : core.gh[0].coeff) value *= 0.1;
  psf.second = core;
  ExtractSettings settings = test::settings_for(camera);
  settings.model = ModelKind::deconvolved;
  test::Random random(34);
  const Array2<double> photons = test::invent_spectra(5, camera.nwave, 500, random);
  const test::Pixels pixels = test::expose(psf, settings.wave, photons, random);
  const ExtractedBlock found = extract_all(psf, settings, pixels.view());
  EXPECT_EQ(found.nfailed, 0);
  for (int y = 0; y < camera.ny; ++y)
    for (int x = 0; x < camera.nx; ++x) {
      const std::size_t at = pixels.at(y, x);
      ASSERT_NEAR(found.model(y, x), pixels.image[at], 0.2 / std::sqrt(pixels.ivar[at])) << y << " " << x;
    }
  psf.second.reset();
  const ExtractedBlock wrong = extract_all(psf, settings, pixels.view());
  double sum = 0, wrong_sum = 0;
  for (double value : found.chi2pix) sum += value;
  for (double value : wrong.chi2pix) wrong_sum += value;
  EXPECT_GT(wrong_sum, 100 * sum) << "the second core matters";
}

TEST(Truth, RowsOfResolutionSumToOne) {
  Camera camera;
  camera.nspec = 5;
  camera.nx = 61;
  camera.hsizey = 9;
  const Psf psf = invent_psf(camera);
  test::Random random(32);
  ExtractSettings settings = test::settings_for(camera);
  const test::Pixels pixels =
      test::expose(psf, settings.wave, test::invent_spectra(5, camera.nwave, 500, random), random);
  Array2<double> ones({5, std::size_t(camera.nwave)}, 1.0);
  for (const SolverKind solver : {SolverKind::patch, SolverKind::bundle}) {
    settings.solver = solver;
    const ExtractedBlock found = extract_all(psf, settings, pixels.view());
    const Array2<double> rows = convolve(found.resolution, ones), columns = convolve(found.resolution, ones, true);
    double spread = 0;
    for (int s = 0; s < 5; ++s)
      for (int w = 12; w < camera.nwave - 12; ++w) {
        ASSERT_NEAR(rows(s, w), 1, 2e-3) << "fiber " << s << ", bin "
                                         << w;  // 19 of 73 diagonals; columns at seams from two patches
        spread = std::max(spread, std::abs(columns(s, w) - 1));
      }
    EXPECT_GT(spread, 0.05);  // columns are not normalized: the two are told apart
  }
}

/// Pulls against R truth: independent of each other within a fiber, by construction of R.
struct Pulls {
  double sum = 0, square = 0, square_transposed = 0, worst = 0;
  int n = 0;
  void add(const ExtractedBlock& found, const Array2<double>& photons) {
    const Array2<double> right = convolve(found.resolution, photons), wrong = convolve(found.resolution, photons, true);
    for (std::size_t s = 0; s < photons.extent(0); ++s)
      for (std::size_t w = 6; w + 6 < photons.extent(1);
           ++w) {  // R's last rows reach into bins that the truth does not list
        const double scale = std::sqrt(found.ivar(s, w)), pull = (found.flux(s, w) - right(s, w)) * scale;
        sum += pull;
        square += pull * pull;
        square_transposed += std::pow((found.flux(s, w) - wrong(s, w)) * scale, 2);
        worst = std::max(worst, std::abs(pull));
        ++n;
      }
  }
};

class NoisyPulls : public testing::TestWithParam<std::pair<SolverKind, DecorrelationKind>> {};

TEST_P(NoisyPulls, HaveMeanZeroAndWidthOne) {
  Camera camera;
  camera.nspec = 10;
  const Psf psf = invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.solver = GetParam().first;
  settings.decorrelation = GetParam().second;
  settings.nsubbundles = 2;
  settings.nwavestep = settings.decorrelation == DecorrelationKind::noise ? 25 : 50;
  const int nexposure = settings.decorrelation == DecorrelationKind::noise ? 3 : 25;
  Pulls pulls;
  test::Random random(33);
  for (int exposure = 0; exposure < nexposure; ++exposure) {
    const Array2<double> photons = test::invent_spectra(10, camera.nwave, 200, random);
    test::Pixels pixels = test::expose(psf, settings.wave, photons, random);
    test::add_noise(pixels, random);
    pulls.add(extract_all(psf, settings, pixels.view()), photons);
  }
  // Five standard deviations of the mean and of the width of n independent normal numbers.
  const double n = pulls.n, mean = pulls.sum / n, width = std::sqrt(pulls.square / n - mean * mean);
  EXPECT_NEAR(mean, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(width, 1, 5 / std::sqrt(2 * n));
  EXPECT_LT(pulls.worst, 6);
  EXPECT_GT(std::sqrt(pulls.square_transposed / n), 1.2) << "R and its transpose can't be told apart here";
}

INSTANTIATE_TEST_SUITE_P(Solvers, NoisyPulls,
                         testing::Values(std::pair{SolverKind::patch, DecorrelationKind::signal},
                                         std::pair{SolverKind::bundle, DecorrelationKind::signal},
                                         std::pair{SolverKind::patch, DecorrelationKind::noise}),
                         [](const auto& info) { return test::solver_name(info.param); });

// Rows of R sum to one: what is constant stays what it is, through patches, seams and noise weights.
TEST(Truth, ConstantSpectraStayConstant) {
  Camera camera;
  camera.nspec = 9;
  const Psf psf = invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.nsubbundles = 3;
  settings.nwavestep = 30;
  const std::vector<double> wave = pad_wave(settings.wave, settings.dwave, 20, 60);  // light goes on beyond both ends
  Array2<double> photons({9, wave.size()});
  for (std::size_t s = 0; s < 9; ++s)
    for (double& value : photons.row(s)) value = 300 + 40.0 * s;
  test::Random random(34);
  const test::Pixels pixels = test::expose(psf, wave, photons, random);
  for (const SolverKind solver : {SolverKind::patch, SolverKind::bundle}) {
    settings.solver = solver;
    const ExtractedBlock found = extract_all(psf, settings, pixels.view());
    for (int s = 0; s < 9; ++s)
      for (int w = 0; w < camera.nwave; ++w)
        // Light of bins beyond the padding of 12 is attributed to the padding's end: < 0.01 sigma in the core (design,
        // patch seams)
        ASSERT_LT(std::abs(found.flux(s, w) - photons(s, 0)) * std::sqrt(found.ivar(s, w)), 0.02)
            << "fiber " << s << ", bin " << w << ", flux " << found.flux(s, w);
  }
}

/// |difference| * sqrt(ivar) of two extractions: the 99th percentile and the largest.
struct Apart {
  double most = 0, largest = 0;
  Apart(const ExtractedBlock& a, const ExtractedBlock& b) {
    std::vector<double> values;
    for (std::size_t i = 0; i < a.flux.size(); ++i)
      values.push_back(std::abs(a.flux.data()[i] - b.flux.data()[i]) * std::sqrt(a.ivar.data()[i]));
    std::sort(values.begin(), values.end());
    most = values[values.size() * 99 / 100];
    largest = values.back();
  }
};

class Seams : public testing::Test {
 protected:
  void SetUp() override {
    camera.nspec = 15;
    camera.nx = 139;
    psf = invent_psf(camera);
    settings = test::settings_for(camera);
    settings.nsubbundles = 1;
    settings.nwavestep = camera.nwave;
    test::Random random(35);
    pixels = test::expose(psf, settings.wave, test::invent_spectra(15, camera.nwave, 200, random), random);
    test::add_noise(pixels, random);
    seamless = extract_all(psf, settings, pixels.view());  // one patch
    settings.nsubbundles = 5;
    settings.nwavestep = 25;
  }
  Camera camera;
  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{1, 1};
  ExtractedBlock seamless;
};

TEST_F(Seams, OfPatchesAreWithinThoseOfTheReference) {
  const Apart apart(extract_all(psf, settings, pixels.view()), seamless);
  EXPECT_LT(apart.most, 5e-3);
  EXPECT_LT(apart.largest, 2e-2);
  EXPECT_GT(apart.largest, 1e-6) << "the patches seem not to have been used";
}

TEST_F(Seams, OfSubBundlesAreSmall) {
  settings.nwavestep = camera.nwave;
  ExtractedBlock by_parts[3];
  int next = 0;
  for (int nsubbundles : {3, 5, 15}) {
    settings.nsubbundles = nsubbundles;
    by_parts[next] = extract_all(psf, settings, pixels.view());
    EXPECT_EQ(by_parts[next].npatch, nsubbundles);
    EXPECT_LT(Apart(by_parts[next++], seamless).largest, 2e-3) << nsubbundles;
  }
  EXPECT_NE(by_parts[0].flux, by_parts[1].flux);
}

TEST_F(Seams, BundleSolverHasNone) {
  settings.nsubbundles = 1;
  settings.nwavestep = camera.nwave;
  settings.pixpad_frac = 1;  // all rows, as the bundle solver takes them
  seamless = extract_all(psf, settings, pixels.view());
  settings.solver = SolverKind::bundle;
  const ExtractedBlock bundle = extract_all(psf, settings, pixels.view());
  EXPECT_EQ(bundle.nfailed, 0);
  const Apart apart(bundle, seamless);
  EXPECT_LT(apart.most, 5e-4);
  EXPECT_LT(apart.largest, 5e-3);
  for (std::size_t i = 0; i < bundle.flux.size(); ++i) {
    ASSERT_NEAR(bundle.ivar.data()[i], seamless.ivar.data()[i], 1e-3 * seamless.ivar.data()[i]) << i;
    ASSERT_NEAR(bundle.pixmask_fraction.data()[i], seamless.pixmask_fraction.data()[i], 1e-12) << i;
    ASSERT_NEAR(bundle.chi2pix.data()[i], seamless.chi2pix.data()[i], 1e-9 * (1 + seamless.chi2pix.data()[i])) << i;
  }
  for (std::size_t i = 0; i < bundle.resolution.size(); ++i)
    ASSERT_NEAR(bundle.resolution.data()[i], seamless.resolution.data()[i], 1e-4) << i;
}

// Where fibers overlap more than DESI's, the windows of the bundle solver must hold the neighbors of their fiber.
TEST(BundleSolver, WindowsKnowTheNeighborsOfTheirFiber) {
  Camera camera;
  camera.nspec = 5;
  camera.spacing = 4.1;
  const Psf psf = invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.nwavestep = camera.nwave;
  settings.pixpad_frac = 1;
  test::Random random(36);
  test::Pixels pixels = test::expose(psf, settings.wave, test::invent_spectra(5, camera.nwave, 200, random), random);
  test::add_noise(pixels, random);
  const ExtractedBlock seamless = extract_all(psf, settings, pixels.view());
  settings.solver = SolverKind::bundle;
  const ExtractedBlock bundle = extract_all(psf, settings, pixels.view());
  double worst = 0;
  for (std::size_t i = 0; i < bundle.ivar.size(); ++i)
    worst = std::max(worst, std::abs(bundle.ivar.data()[i] / seamless.ivar.data()[i] - 1));
  EXPECT_LT(worst, 1e-4);
}

// The prior's weight hangs on the largest flux weight near a bin, not on that of the whole bundle: a dim end stays as
// it is.
TEST(BundleSolver, FarBrightBinsDoNotRegularizeDimOnes) {
  Camera camera;
  camera.nspec = 4;
  camera.nwave = 130;
  camera.ny = 263;
  const Psf psf = invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.pixpad_frac = 1;
  test::Random random(37);
  test::Pixels pixels = test::expose(psf, settings.wave, test::invent_spectra(4, 130, 200, random), random);
  for (int y = 150; y < camera.ny; ++y)
    for (int x = 0; x < camera.nx; ++x) pixels.ivar[pixels.at(y, x)] *= 1e5f;
  test::add_noise(pixels, random);
  const ExtractedBlock patches = extract_all(psf, settings, pixels.view());
  settings.solver = SolverKind::bundle;
  const ExtractedBlock bundle = extract_all(psf, settings, pixels.view());
  for (int s = 0; s < 4; ++s)
    for (int w = 0; w < 10; ++w) {  // more than 25 + 12 bins below the step, in a patch without it
      SCOPED_TRACE("fiber " + std::to_string(s) + ", bin " + std::to_string(w));
      ASSERT_NEAR(bundle.ivar(s, w), patches.ivar(s, w), 1e-3 * patches.ivar(s, w));
      ASSERT_LT(std::abs(bundle.flux(s, w) - patches.flux(s, w)) * std::sqrt(patches.ivar(s, w)), 2e-2);
    }
}

TEST_F(Seams, BundleSolverAgreesWithPatches) {
  const ExtractedBlock patches = extract_all(psf, settings, pixels.view());
  settings.solver = SolverKind::bundle;
  const Apart apart(extract_all(psf, settings, pixels.view()), patches);
  EXPECT_LT(apart.most, 5e-3);
  EXPECT_LT(apart.largest, 2e-2);
}

TEST_F(Seams, BundleSolverWithNoiseDecorrelationAgreesWithPatches) {
  settings.decorrelation = DecorrelationKind::noise;
  const ExtractedBlock patches = extract_all(psf, settings, pixels.view());
  settings.solver = SolverKind::bundle;
  const Apart apart(extract_all(psf, settings, pixels.view()), patches);
  EXPECT_LT(apart.most, 5e-3);
  EXPECT_LT(apart.largest, 2e-2);
}

// The design measures 6e-5 sigma for DESI's spacing of fibers.
TEST_F(Seams, DecorrelationsDifferLittle) {
  const ExtractedBlock signal = extract_all(psf, settings, pixels.view());
  settings.decorrelation = DecorrelationKind::noise;
  const ExtractedBlock noise = extract_all(psf, settings, pixels.view());
  const Apart apart(signal, noise);
  EXPECT_LT(apart.most, 0.01);
  EXPECT_GT(apart.largest, 1e-9) << "one of the two was not used";
}

}  // namespace
}  // namespace zspex::kernels
