// Extractions whose answer can be written down.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"
#include "tests/kernels/support/plain_spot.hpp"

namespace zspex::kernels {
namespace {

using test::Camera;
using test::extract_all;
using test::series;

/// Fibers at columns x0, x0 + spacing, ..., bin w at row y0 + rows * w, one Angstrom a bin; a Gaussian PSF.
struct Grid {
  Psf psf;
  ExtractSettings settings;
  Grid(int nspec, int nwave, double x0, double spacing, double y0, double rows, double sigma, int half, int nx,
       int ny) {
    psf.nspec = nspec;
    psf.npix_x = nx;
    psf.npix_y = ny;
    psf.hsizex = half;
    psf.hsizey = half;
    psf.x = series(nspec, 0, 2, {x0, 0});
    for (int s = 0; s < nspec; ++s) psf.x.coeff(s, 0) += spacing * s;
    psf.y = series(nspec, 0, 2, {y0 + rows, rows});
    psf.sigmax = psf.sigmay = series(nspec, 0, 2, {sigma});
    psf.gh = {series(nspec, 0, 2, {1})};
    settings.wave = wave_grid(0, nwave - 1, 1);
    settings.dwave = 1;
    settings.nspec = settings.bundlesize = nspec;
    settings.nsubbundles = 1;
    settings.nwavestep = 7;
    settings.wavepad = 3;
  }
};

// A PSF of one pixel: the spectrum is the pixels.
TEST(Extraction, DeltaFunctionPsfReturnsThePixels) {
  for (const SolverKind solver : {SolverKind::patch, SolverKind::bundle})
    for (const DecorrelationKind kind : {DecorrelationKind::signal, DecorrelationKind::noise}) {
      Grid grid(4, 19, 6, 5, 12, 2, 0.02, 2, 29, 71);
      grid.settings.solver = solver;
      grid.settings.decorrelation = kind;
      test::Pixels pixels(29, 71);
      test::Random random(1);
      for (std::size_t i = 0; i < pixels.image.size(); ++i) {
        pixels.image[i] = static_cast<float>(random.uniform(-50, 1000));
        pixels.ivar[i] = static_cast<float>(random.uniform(0.05, 1));
      }
      pixels.ivar[pixels.at(12 + 2 * 5, 11)] = 0;  // fiber 1, bin 5
      pixels.mask[pixels.at(12 + 2 * 8, 16)] = 1;  // fiber 2, bin 8
      pixels.mask[pixels.at(12 + 2 * 9, 16)] = 256;
      const ExtractedBlock found = extract_all(grid.psf, grid.settings, pixels.view());
      for (int s = 0; s < 4; ++s)
        for (int w = 0; w < 19; ++w) {
          SCOPED_TRACE("fiber " + std::to_string(s) + ", bin " + std::to_string(w));
          const std::size_t at = pixels.at(12 + 2 * w, 6 + 5 * s);
          const bool masked = (s == 1 && w == 5) || (s == 2 && w == 8);
          // alpha^2 is at most 1e-8 and the light outside the pixel is 0 in double
          ASSERT_NEAR(found.flux(s, w), masked ? 0 : pixels.image[at], 1e-10);
          ASSERT_NEAR(found.ivar(s, w), masked ? 0 : pixels.ivar[at], 1e-12);
          ASSERT_EQ(found.pixmask_fraction(s, w), masked ? 1 : 0);
          ASSERT_NEAR(found.chi2pix(s, w), 0, 1e-18);
          for (int d = 0; d < 5; ++d) ASSERT_NEAR(found.resolution(s, d, w), d == 2, 1e-12);
        }
    }
}

// Bins so far apart that their spots do not touch: each is a weighted mean of its own pixels.
TEST(Extraction, SeparateBinsAreWeightedMeans) {
  for (const SolverKind solver : {SolverKind::patch, SolverKind::bundle}) {
    Grid grid(1, 9, 11.3, 0, 40.2, 11, 1.1, 4, 23, 150);
    grid.settings.solver = solver;
    grid.settings.wavepad = 4;
    grid.settings.psferr = 0.02;
    test::Pixels pixels(23, 150);
    test::Random random(2);
    for (std::size_t i = 0; i < pixels.image.size(); ++i) {
      pixels.image[i] = static_cast<float>(random.uniform(0, 100));
      pixels.ivar[i] = i % 11 == 0 ? 0 : static_cast<float>(random.uniform(0.1, 1));
    }
    const ExtractedBlock found = extract_all(grid.psf, grid.settings, pixels.view());
    for (int w = 0; w < 9; ++w) {
      const test::Spot spot = test::plain_spot(grid.psf, 0, w);
      double aa = 0, ap = 0, good = 0, chi2 = 0;
      const auto over_pixels = [&](const auto& add) {
        for (int iy = 0; iy < 9; ++iy)
          for (int ix = 0; ix < 9; ++ix) {
            const std::size_t at = pixels.at(spot.y + iy, spot.x + ix);
            if (pixels.ivar[at] > 0) add(spot.light(iy, ix), double(pixels.image[at]), double(pixels.ivar[at]));
          }
      };
      over_pixels([&](double a, double p, double weight) {
        aa += a * a * weight;
        ap += a * p * weight;
        good += a;
      });
      const double flux = ap / aa;
      over_pixels([&](double a, double p, double weight) {
        chi2 += a * (p - flux * a) * (p - flux * a) / (1 / weight + 0.02 * 0.02 * flux * flux * a * a);
      });
      SCOPED_TRACE("bin " + std::to_string(w));
      EXPECT_NEAR(found.flux(0, w), flux, 1e-11 * std::abs(flux));
      EXPECT_NEAR(found.ivar(0, w), aa, 1e-12 * aa);
      EXPECT_NEAR(found.pixmask_fraction(0, w), 1 - good, 1e-14);
      EXPECT_NEAR(found.chi2pix(0, w), chi2 / good, 1e-11 * chi2 / good);
      for (int d = 0; d < 9; ++d) EXPECT_NEAR(found.resolution(0, d, w), d == 4, 1e-12);
    }
  }
}

// One fiber, two bins that overlap, nothing else: C^-1 = [a b; b c], sqrt(M) = (M + sqrt(det M)) / sqrt(tr M + 2
// sqrt(det M)). The padding is kept away by a trace that bends: with t = wave - 1/2, y = 350 + 5 / 8 t + 7 / 2 t^3, the
// two bins lie at 350 -+ 3 / 4 and the next ones 12 rows further out.
TEST(Extraction, TwoBinsWrittenOut) {
  for (const DecorrelationKind kind : {DecorrelationKind::signal, DecorrelationKind::noise}) {
    Grid grid(1, 2, 11.3, 0, 0, 1, 1.1, 4, 23, 701);
    const double b1 = 0.625, b3 = 3.5;  // u = t - 1/2, u^2 = (2 P_2 + P_0) / 3, u^3 = (2 P_3 + 3 P_1) / 5
    grid.psf.y = series(1, 0, 2, {350 + 0.125 * b3 + 0.5 * b1 + 0.5 * b3, 0.75 * b3 + b1 + 0.6 * b3, b3, 0.4 * b3});
    grid.settings.wavepad = 4;
    grid.settings.nwavestep = 2;
    grid.settings.decorrelation = kind;
    test::Pixels pixels(23, 701);
    test::Random random(3);
    for (std::size_t i = 0; i < pixels.image.size(); ++i) {
      pixels.image[i] = static_cast<float>(random.uniform(0, 100));
      pixels.ivar[i] =
          static_cast<float>(i / 23 < 350 ? random.uniform(0.1, 0.2) : random.uniform(0.8, 1));  // R is not symmetric
    }
    const test::Spot one = test::plain_spot(grid.psf, 0, 0), two = test::plain_spot(grid.psf, 0, 1);
    double a = 0, b = 0, c = 0, y1 = 0, y2 = 0;
    for (int y = 0; y < 701; ++y)
      for (int x = 0; x < 23; ++x) {
        const auto light = [&](const test::Spot& spot) {
          const int iy = y - spot.y, ix = x - spot.x;
          return iy >= 0 && iy < 9 && ix >= 0 && ix < 9 ? spot.light(iy, ix) : 0.0;
        };
        const double weight = pixels.ivar[pixels.at(y, x)], p = pixels.image[pixels.at(y, x)];
        a += light(one) * weight * light(one);
        b += light(one) * weight * light(two);
        c += light(two) * weight * light(two);
        y1 += light(one) * weight * p;
        y2 += light(two) * weight * p;
      }
    const double det = a * c - b * b, root = std::sqrt(det), norm = std::sqrt(a + c + 2 * root);
    const double f1 = (c * y1 - b * y2) / det, f2 = (a * y2 - b * y1) / det;
    const double q11 = (a + root) / norm, q22 = (c + root) / norm, q12 = b / norm, s1 = q11 + q12, s2 = q22 + q12;
    const ExtractedBlock found = extract_all(grid.psf, grid.settings, pixels.view());
    EXPECT_NEAR(found.flux(0, 0), (q11 * f1 + q12 * f2) / s1, 1e-9);
    EXPECT_NEAR(found.flux(0, 1), (q12 * f1 + q22 * f2) / s2, 1e-9);
    EXPECT_NEAR(found.ivar(0, 0), s1 * s1, 1e-12);
    EXPECT_NEAR(found.ivar(0, 1), s2 * s2, 1e-12);
    // [s][k][j] = R[j - 4 + k][j]
    EXPECT_NEAR(found.resolution(0, 4, 0), q11 / s1, 1e-12);
    EXPECT_NEAR(found.resolution(0, 5, 0), q12 / s2, 1e-12);
    EXPECT_NEAR(found.resolution(0, 4, 1), q22 / s2, 1e-12);
    EXPECT_NEAR(found.resolution(0, 3, 1), q12 / s1, 1e-12);
    EXPECT_GT(std::abs(q12 / s1 - q12 / s2), 0.01);  // or this test could not tell R from its transpose
  }
}

TEST(Extraction, WholePixelShiftMovesTheSpectraOnly) {
  Camera camera;
  camera.nspec = 6;
  camera.nwave = 53;
  Camera moved = camera;
  moved.x0 += 17;
  moved.y0 += 23;
  test::Random random(4);
  const Psf psf = test::invent_psf(camera), psf_moved = test::invent_psf(moved);
  ExtractSettings settings = test::settings_for(camera);
  settings.nwavestep = 20;
  test::Pixels pixels = test::expose(psf, settings.wave, test::invent_spectra(6, 53, 500, random), random);
  test::add_noise(pixels, random);
  test::Pixels shifted(camera.nx, camera.ny, 1e6f, 0);
  for (int y = 0; y + 23 < camera.ny; ++y)
    for (int x = 0; x + 17 < camera.nx; ++x) {
      shifted.image[shifted.at(y + 23, x + 17)] = pixels.image[pixels.at(y, x)];
      shifted.ivar[shifted.at(y + 23, x + 17)] = pixels.ivar[pixels.at(y, x)];
    }
  for (const SolverKind solver : {SolverKind::patch, SolverKind::bundle}) {
    settings.solver = solver;
    const ExtractedBlock a = extract_all(psf, settings, pixels.view()),
                         b = extract_all(psf_moved, settings, shifted.view());
    // Traces round differently by 1e-14 pixels; the condition of 1e4 and bright lines of 1e3 sigma amplify it.
    test::expect_close(b, test::plain(a), {1e-6, 1e-8, 1e-8, 1e-6, 1e-12});
  }
}

TEST(Extraction, TwiceTheLightIsTwiceTheFlux) {
  Camera camera;
  camera.nspec = 6;
  camera.nwave = 53;
  test::Random random(5);
  const Psf psf = test::invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.psferr = 0;
  test::Pixels pixels = test::expose(psf, settings.wave, test::invent_spectra(6, 53, 500, random), random),
               twice = pixels;
  for (float& value : twice.image) value *= 2;
  const ExtractedBlock a = extract_all(psf, settings, pixels.view()), b = extract_all(psf, settings, twice.view());
  for (std::size_t i = 0; i < a.flux.size(); ++i) {
    ASSERT_EQ(b.flux.data()[i], 2 * a.flux.data()[i]);
    ASSERT_EQ(b.ivar.data()[i], a.ivar.data()[i]);
    ASSERT_EQ(b.chi2pix.data()[i], 4 * a.chi2pix.data()[i]);
  }
}

TEST(ProjectSpectra, KeepsTheLightOnTheCcdAndDropsTheRest) {
  Camera camera;
  camera.nspec = 30;  // more than one block of fibers
  camera.nx = 150;    // the last fibers fall off
  camera.y0 = -20;
  const Psf psf = test::invent_psf(camera);
  const std::vector<double> wave = test::settings_for(camera).wave;
  test::Random random(6);
  const Array2<double> photons = test::invent_spectra(30, camera.nwave, 100, random);
  Array2<double> image({211, 150}, 3.5), expected = image;
  project_spectra(psf, wave, 0, photons, image);
  double inside = 0, all = 0;
  for (int s = 0; s < 30; ++s)
    for (int w = 0; w < camera.nwave; ++w) {
      const test::Spot spot = test::plain_spot(psf, s, wave[w]);
      all += photons(s, w);
      for (int iy = 0; iy < 9; ++iy)
        for (int ix = 0; ix < 11; ++ix) {
          const int y = spot.y + iy, x = spot.x + ix;
          if (y < 0 || y >= 211 || x < 0 || x >= 150) continue;
          expected(y, x) += photons(s, w) * spot.light(iy, ix);
          inside += photons(s, w) * spot.light(iy, ix);
        }
    }
  EXPECT_LT(inside, 0.8 * all);
  for (std::size_t i = 0; i < image.size(); ++i)
    ASSERT_NEAR(image.data()[i], expected.data()[i], 1e-11 * expected.data()[i]) << i;
}

TEST(ProjectSpectra, FirstFiberIsSpecmin) {
  Camera camera;
  const Psf psf = test::invent_psf(camera);
  const std::vector<double> wave = {6020, 6040};
  Array2<double> all({10, 2}), some({3, 2}), image({211, 107}), expected({211, 107});
  for (int s = 0; s < 3; ++s)
    for (int w = 0; w < 2; ++w) all(s + 4, w) = some(s, w) = 10 + s + 5 * w;
  project_spectra(psf, wave, 0, all, expected);
  project_spectra(psf, wave, 4, some, image);
  for (std::size_t i = 0; i < image.size(); ++i) ASSERT_EQ(image.data()[i], expected.data()[i]);
}

// Column j of R needs rows j - hsizey ... j + hsizey.
TEST(Extraction, PaddingNarrowerThanTheResolutionIsRefused) {
  Grid grid(1, 9, 11, 9, 40, 2, 1.1, 4, 43, 150);
  grid.settings.wavepad = 3;
  EXPECT_THROW(make_extractor(grid.psf, grid.settings), NumericsError);
  grid.settings.wavepad = 4;
  EXPECT_NO_THROW(make_extractor(grid.psf, grid.settings));
}

TEST(Extraction, TracesOfNoFiberAreRefused) {
  Grid grid(2, 9, HUGE_VAL, 0, 40, 2, 1.1, 4, 43, 150);
  grid.settings.wavepad = 4;
  const test::Pixels pixels(43, 150);
  EXPECT_THROW(extract_all(grid.psf, grid.settings, pixels.view()), NumericsError);
}

}  // namespace
}  // namespace zspex::kernels
