// Pixels, fibers and images without information; not-a-numbers; CCD edges.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/extract/grid.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invalid.hpp"
#include "tests/kernels/support/invented.hpp"
#include "tests/kernels/support/plain_spot.hpp"

namespace zspex::kernels {
namespace {

using test::Camera;
using test::extract_all;

constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();

/// 9 fibers x 67 bins in sub-bundles of 3 and patches of 25.
class Masked : public testing::TestWithParam<SolverKind> {
 protected:
  Masked() {
    camera.nspec = 9;
    camera.nwave = 67;
    remake();
  }
  void remake() {
    psf = test::invent_psf(camera);
    settings = test::settings_for(camera);
    settings.nsubbundles = 3;
    settings.nwavestep = 25;
    settings.solver = GetParam();
    settings.model = ModelKind::reconvolved;
    test::Random random(41);
    photons = test::invent_spectra(9, camera.nwave, 300, random);
    pixels = test::expose(psf, settings.wave, photons, random);
    test::add_noise(pixels, random);
    spots.clear();
    for (int s = 0; s < 9; ++s)
      for (double wave : settings.wave) spots.push_back(test::plain_spot(psf, s, wave));
  }
  ExtractedBlock extract(const test::Pixels& image) const { return extract_all(psf, settings, image.view()); }
  const test::Spot& spot(int s, int w) const { return spots[s * camera.nwave + w]; }
  /// Light of a bin on the pixels that `usable` refuses.
  template <class Usable>
  double light_lost(int s, int w, const Usable& usable) const {
    const test::Spot& one = spot(s, w);
    double lost = 0;
    for (int iy = 0; iy < 9; ++iy)
      for (int ix = 0; ix < 11; ++ix)
        if (!usable(one.y + iy, one.x + ix)) lost += one.light(iy, ix);
    return lost;
  }
  /// Bins without light on usable pixels say nothing, and say so; others are finite and near the truth.
  template <class Usable>
  void expect_honest(const ExtractedBlock& found, const Usable& usable) const {
    test::expect_finite(found);
    const Array2<double> truth = test::convolve(found.resolution, photons);
    int nothing = 0, all = 0;
    for (int s = 0; s < 9; ++s)
      for (int w = 0; w < camera.nwave; ++w) {
        SCOPED_TRACE("fiber " + std::to_string(s) + ", bin " + std::to_string(w));
        const double lost = light_lost(s, w, usable);
        ASSERT_EQ(found.failed(s, w), 0);
        ASSERT_NEAR(found.pixmask_fraction(s, w), lost, 1e-12);
        if (lost > 1 - 1e-13) {
          ++nothing;
          ASSERT_EQ(found.pixmask_fraction(s, w), 1);  // exactly: the mask bit hangs on it
          ASSERT_EQ(found.flux(s, w), 0);
          ASSERT_EQ(found.ivar(s, w), 0);
          ASSERT_EQ(found.chi2pix(s, w), 0);
        } else {
          ASSERT_GT(found.ivar(s, w), 0);
          // A bin that keeps half of its light, and whose neighbors do, is as good as its ivar says.
          bool whole = w >= 6 && w + 6 < camera.nwave;
          for (int v = std::max(0, w - 6); v <= std::min(camera.nwave - 1, w + 6); ++v)
            whole &= light_lost(s, v, usable) < 0.5;
          if (whole) {
            ASSERT_LT(std::abs(found.flux(s, w) - truth(s, w)) * std::sqrt(found.ivar(s, w)), 5);
          }
        }
        ++all;
      }
    nothing_ = nothing;
    EXPECT_LT(nothing, all);
  }

  Camera camera;
  Psf psf;
  ExtractSettings settings;
  Array2<double> photons;
  std::vector<test::Spot> spots;
  test::Pixels pixels{1, 1};
  mutable int nothing_ = 0;
};

TEST_P(Masked, EveryKindOfBadPixelIsTheSame) {
  const test::Spot middle = spot(4, 30);
  const std::size_t at = pixels.at(middle.y + 4, middle.x + 6);
  test::Pixels by_ivar = pixels;
  by_ivar.ivar[at] = 0;
  const ExtractedBlock expected = extract(by_ivar), untouched = extract(pixels);
  EXPECT_NE(expected.flux, untouched.flux);
  expect_honest(expected, [&](int y, int x) { return y != middle.y + 4 || x != middle.x + 6; });
  EXPECT_GT(expected.pixmask_fraction(4, 30), 0.05);

  const test::AllowInvalid allow;
  struct Bad {
    float value, ivar;
    std::uint32_t mask;
  };
  for (const Bad& bad :
       {Bad{1e30f, 0, 0}, Bad{nan, 0, 0}, Bad{nan, 1, 0}, Bad{infinity, 1, 0}, Bad{-infinity, 0, 0}, Bad{5, nan, 0},
        Bad{5, infinity, 0}, Bad{5, -1, 0}, Bad{5, -infinity, 0}, Bad{5, 1, 1}, Bad{5, 1, 1u << 9}, Bad{nan, nan, 2}}) {
    SCOPED_TRACE(std::to_string(bad.value) + ", ivar " + std::to_string(bad.ivar) + ", mask " +
                 std::to_string(bad.mask));
    test::Pixels image = pixels;
    image.image[at] = bad.value;
    image.ivar[at] = bad.ivar;
    image.mask[at] = bad.mask;
    const ExtractedBlock found = extract(image);
    test::expect_finite(found);
    test::expect_same_bytes(found, expected);
    EXPECT_EQ(found.model, expected.model);
  }
}

TEST_P(Masked, OnlyUnusableMaskBitsCount) {
  const test::Spot middle = spot(4, 30);
  const std::size_t at = pixels.at(middle.y + 4, middle.x + 6);
  const ExtractedBlock untouched = extract(pixels);
  test::Pixels image = pixels;
  image.mask[at] = 256 | 1024;
  test::expect_same_bytes(extract(image), untouched);
  Image view = image.view();
  view.unusable = 0xffffffffu;
  test::Pixels by_ivar = pixels;
  by_ivar.ivar[at] = 0;
  test::expect_same_bytes(extract_all(psf, settings, view), extract(by_ivar));
  view.mask = nullptr;
  test::expect_same_bytes(extract_all(psf, settings, view), untouched);
}

TEST_P(Masked, RowsWithoutPixels) {
  const test::Spot middle = spot(4, 33);
  const auto usable = [&](int y, int) { return y < middle.y - 13 || y > middle.y + 13; };
  for (int y = 0; y < camera.ny; ++y)
    for (int x = 0; x < camera.nx; ++x)
      if (!usable(y, x)) pixels.mask[pixels.at(y, x)] = 4;
  const ExtractedBlock found = extract(pixels);
  expect_honest(found, usable);
  EXPECT_GE(nothing_, 9 * 8);
  EXPECT_EQ(found.nfailed, 0);
}

TEST_P(Masked, FiberWithoutPixels) {
  std::vector<char> good(pixels.image.size(), 1);
  for (int w = 0; w < camera.nwave; ++w)
    for (int iy = 0; iy < 9; ++iy)
      for (int ix = 0; ix < 11; ++ix) {
        const std::size_t at = pixels.at(spot(5, w).y + iy, spot(5, w).x + ix);
        good[at] = 0;
        pixels.image[at] = nan;
        pixels.ivar[at] = 0;
      }
  const ExtractedBlock found = extract(pixels);
  expect_honest(found, [&](int y, int x) { return good[pixels.at(y, x)] != 0; });
  EXPECT_EQ(nothing_, camera.nwave);
  for (int w = 0; w < camera.nwave; ++w) {
    EXPECT_EQ(found.ivar(5, w), 0);
    EXPECT_GT(found.ivar(4, w), 0);
    EXPECT_GT(found.ivar(6, w), 0);
  }
}

TEST_P(Masked, FiberWithoutATraceIsDarkAndAlone) {
  psf.y.coeff(5, 0) = HUGE_VAL;
  test::Random random(42);
  pixels = test::expose(psf, settings.wave, photons, random);
  test::add_noise(pixels, random);
  const ExtractedBlock found = extract(pixels);
  test::expect_finite(found);
  EXPECT_EQ(found.nfailed, 0);
  const Array2<double> truth = test::convolve(found.resolution, photons);
  for (int s = 0; s < 9; ++s)
    for (int w = 6; w + 6 < camera.nwave; ++w) {
      SCOPED_TRACE("fiber " + std::to_string(s) + ", bin " + std::to_string(w));
      if (s == 5) {
        ASSERT_EQ(found.flux(s, w), 0);
        ASSERT_EQ(found.ivar(s, w), 0);
        ASSERT_EQ(found.pixmask_fraction(s, w), 1);
      } else {
        ASSERT_LT(std::abs(found.flux(s, w) - truth(s, w)) * std::sqrt(found.ivar(s, w)), 5);
        ASSERT_GT(found.ivar(s, w), 0);
      }
    }
}

// Series that are extrapolated turn round sooner or later: the padding above the last patch must not cost the fiber.
TEST_P(Masked, TraceThatTurnsRoundInThePaddingIsGoodBelowIt) {
  psf.y.coeff(5, 3) = -4;  // rises within the range, falls beyond it
  test::Random random(43);
  pixels = test::expose(psf, settings.wave, photons, random);
  test::add_noise(pixels, random);
  const double last = settings.wave.back();
  ASSERT_GT(evaluate(psf.y, 5, last), evaluate(psf.y, 5, last - 0.8));
  ASSERT_LT(evaluate(psf.y, 5, last + 0.8 * 62), evaluate(psf.y, 5, last + 0.8 * 61));
  const ExtractedBlock found = extract(pixels);
  test::expect_finite(found);
  const Array2<double> truth = test::convolve(found.resolution, photons);
  for (int s = 0; s < 9; ++s)
    for (int w = 6; w + 6 < camera.nwave; ++w) {
      ASSERT_GT(found.ivar(s, w), 0) << s << ", " << w;
      ASSERT_LT(std::abs(found.flux(s, w) - truth(s, w)) * std::sqrt(found.ivar(s, w)), 5) << s << ", " << w;
    }
}

TEST_P(Masked, WholeImage) {
  std::fill(pixels.ivar.begin(), pixels.ivar.end(), 0.f);
  const ExtractedBlock found = extract(pixels);
  test::expect_finite(found);
  for (std::size_t i = 0; i < found.flux.size(); ++i) {
    ASSERT_EQ(found.flux.data()[i], 0);
    ASSERT_EQ(found.ivar.data()[i], 0);
    ASSERT_EQ(found.chi2pix.data()[i], 0);
    ASSERT_EQ(found.pixmask_fraction.data()[i], 1);
  }
  for (float value : found.model) ASSERT_EQ(value, 0);
  for (int s = 0; s < 9; ++s)
    for (int w = 0; w < camera.nwave; ++w)
      for (int d = 0; d < 9; ++d) ASSERT_NEAR(found.resolution(s, d, w), d == 4, 1e-12);
}

TEST_P(Masked, BottomOfTheCcdCutsOnlyWhatIsOffIt) {
  camera.y0 = -20;
  remake();
  const ExtractedBlock found = extract(pixels);
  expect_honest(found, [&](int y, int) { return y >= 0; });
  EXPECT_GT(nothing_, 9 * 5);
}

TEST_P(Masked, TopOfTheCcdCutsOnlyWhatIsOffIt) {
  camera.y0 = 139;
  remake();
  const ExtractedBlock found = extract(pixels);
  expect_honest(found, [&](int y, int) { return y < camera.ny; });
  EXPECT_GT(nothing_, 9 * 5);
}

TEST_P(Masked, SidesOfTheCcdCutOnlyWhatIsOffThem) {
  for (double x0 : {-17.0, 67.0}) {
    camera.x0 = x0;
    remake();
    const ExtractedBlock found = extract(pixels);
    expect_honest(found, [&](int, int x) { return x >= 0 && x < camera.nx; });
    EXPECT_GT(nothing_, 50);
  }
}

TEST_P(Masked, EdgeOfTheCcdIsLikeMaskedPixelsBeyondIt) {
  camera.y0 = 120;  // the last bins are off the top
  remake();
  const ExtractedBlock found = extract(pixels);
  test::Pixels taller(camera.nx, camera.ny + 83, 1e5f, 0);
  std::copy(pixels.image.begin(), pixels.image.end(), taller.image.begin());
  std::copy(pixels.ivar.begin(), pixels.ivar.end(), taller.ivar.begin());
  Psf other = psf;
  other.npix_y = camera.ny + 83;
  settings.model = ModelKind::none;
  test::expect_same_bytes(extract_all(other, settings, taller.view()), found);
}

TEST_P(Masked, RangeOffTheCcdIsEmpty) {
  settings.wave = wave_grid(6000 + 400, 6000 + 440, 0.8);
  const ExtractedBlock found = extract(pixels);
  test::expect_finite(found);
  for (std::size_t i = 0; i < found.ivar.size(); ++i) {
    ASSERT_EQ(found.ivar.data()[i], 0);
    ASSERT_EQ(found.pixmask_fraction.data()[i], 1);
  }
}

TEST_P(Masked, LastPatchOfOneBin) {
  camera.nwave = 76;  // 3 * 25 + 1
  remake();
  expect_honest(extract(pixels), [](int, int) { return true; });
  EXPECT_EQ(nothing_, 0);
}

INSTANTIATE_TEST_SUITE_P(Solvers, Masked, testing::Values(SolverKind::patch, SolverKind::bundle),
                         [](const auto& info) { return info.param == SolverKind::patch ? "Patch" : "Bundle"; });

}  // namespace
}  // namespace zspex::kernels
