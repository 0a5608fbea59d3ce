#include "simulate/detector.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/mask_bits.hpp"

namespace zspex::simulate {
namespace {

constexpr std::size_t ny = 331, nx = 257;  // prime, and not equal

DetectorSettings quiet() {
  DetectorSettings settings;
  settings.cosmics = 0;
  settings.dead_columns = 0;
  settings.hot_pixels = 0;
  return settings;
}

const NoiseKey key{17, {'r', 2}, 1234};

class NoiseTest : public testing::TestWithParam<double> {};

TEST_P(NoiseTest, HasTheVarianceThatIvarSays) {
  const double light = GetParam();
  const io::Preproc frame = expose(Array2<double>({ny, nx}, light), quiet(), key);
  double sum = 0, squares = 0;
  const auto n = static_cast<double>(ny * nx);
  for (std::size_t i = 0; i < frame.image.size(); ++i) {
    const double pull =
        (static_cast<double>(frame.image.data()[i]) - light) * std::sqrt(static_cast<double>(frame.ivar.data()[i]));
    sum += pull;
    squares += pull * pull;
  }
  // The variance of a pull squared is its kurtosis - 1: at most 2 for a normal, + 1 / variance for counts (variance > 7
  // here).
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt((2 + 1.0 / 7) / n));
}
INSTANTIATE_TEST_SUITE_P(Light, NoiseTest, testing::Values(0.0, 0.8, 9.0, 30.0, 4000.0));

TEST(Expose, PixelsAreIndependent) {
  const io::Preproc frame = expose(Array2<double>({ny, nx}, 20.0), quiet(), key);
  double right = 0, up = 0;
  const auto pull = [&](std::size_t iy, std::size_t ix) {
    return (static_cast<double>(frame.image(iy, ix)) - 20) * std::sqrt(static_cast<double>(frame.ivar(iy, ix)));
  };
  for (std::size_t iy = 0; iy + 1 < ny; ++iy)
    for (std::size_t ix = 0; ix + 1 < nx; ++ix) {
      right += pull(iy, ix) * pull(iy, ix + 1);
      up += pull(iy, ix) * pull(iy + 1, ix);
    }
  const auto n = static_cast<double>((ny - 1) * (nx - 1));
  EXPECT_NEAR(right / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(up / n, 0, 5 / std::sqrt(n));
}

TEST(Expose, SameKeySameBitsOtherKeyOtherNoise) {
  const Array2<double> light({ny, nx}, 12.0);
  const DetectorSettings settings;  // with cosmics and defects
  const io::Preproc frame = expose(light, settings, key), again = expose(light, settings, key);
  EXPECT_EQ(frame.image, again.image);
  EXPECT_EQ(frame.ivar, again.ivar);
  EXPECT_EQ(frame.mask, again.mask);
  for (const NoiseKey& other :
       {NoiseKey{18, {'r', 2}, 1234}, NoiseKey{17, {'r', 3}, 1234}, NoiseKey{17, {'r', 2}, 1235}})
    EXPECT_NE(expose(light, settings, other).image, frame.image);
}

TEST(Expose, NoiseOfAPixelDoesNotDependOnTheOthers) {
  const io::Preproc wide = expose(Array2<double>({ny, nx}, 12.0), quiet(), key);
  Array2<double> light({ny, 100}, 12.0);
  light(5, 6) = 1e4;  // another pixel draws more numbers
  const io::Preproc narrow = expose(light, quiet(), key);
  for (std::size_t iy = 0; iy < ny; ++iy)
    for (std::size_t ix = 0; ix < 50; ++ix)  // of the same amplifier in both
      if (iy != 5 || ix != 6) {
        ASSERT_EQ(wide.image(iy, ix), narrow.image(iy, ix)) << iy << " " << ix;
      }
}

TEST(Expose, WithoutNoiseTheImageIsTheLight) {
  Array2<double> light({ny, nx});
  for (std::size_t i = 0; i < light.size(); ++i) light.data()[i] = 0.37 * static_cast<double>(i % 101);
  DetectorSettings settings = quiet();
  settings.noise = false;
  settings.gain = 0;
  const io::Preproc frame = expose(light, settings, key);
  for (std::size_t i = 0; i < light.size(); ++i) {
    ASSERT_EQ(frame.image.data()[i], static_cast<float>(light.data()[i]));
    ASSERT_GT(frame.ivar.data()[i], 0);
    ASSERT_EQ(frame.mask.data()[i], 0u);
  }
}

TEST(Expose, ImageHoldsWholeDigitalUnits) {
  DetectorSettings settings = quiet();
  settings.gain = 1.6;
  const io::Preproc frame = expose(Array2<double>({ny, nx}, 50.0), settings, key);
  for (float value : frame.image) {
    const double units = static_cast<double>(value) / 1.6;
    ASSERT_NEAR(units, std::round(units), 1e-4);
  }
}

TEST(Expose, ExactlyTheTouchedPixelsAreFlagged) {
  DetectorSettings settings;
  settings.noise = false;
  settings.gain = 0;
  settings.cosmics = 400;  // a million pixels: about 34 here
  settings.dead_columns = 60;
  settings.hot_pixels = 4000;
  const double light = 25;
  DetectorReport report;
  const io::Preproc frame = expose(Array2<double>({ny, nx}, light), settings, key, &report);
  std::size_t cosmic = 0, hot = 0, dead = 0;
  for (std::size_t i = 0; i < frame.image.size(); ++i) {
    const std::uint32_t mask = frame.mask.data()[i];
    cosmic += (mask & ccdmask::cosmic) != 0;
    hot += (mask & ccdmask::hot) != 0;
    dead += (mask & ccdmask::dead) != 0;
    if (mask & ccdmask::dead) {
      ASSERT_EQ(frame.ivar.data()[i], 0);
      ASSERT_EQ(frame.image.data()[i], 0);
    } else {
      ASSERT_GT(frame.ivar.data()[i], 0);  // also under cosmics and in hot pixels: the mask takes them out
      ASSERT_EQ(frame.image.data()[i] > light, (mask & (ccdmask::cosmic | ccdmask::hot)) != 0) << i;
    }
  }
  EXPECT_EQ(cosmic, report.cosmic_pixels);
  EXPECT_EQ(hot, report.hot_pixels);
  EXPECT_EQ(dead, report.dead_pixels);
  // 400 hits per million pixels; 5 sigma of a Poisson number.
  EXPECT_NEAR(static_cast<double>(report.ncosmic), 400e-6 * ny * nx, 5 * std::sqrt(400e-6 * ny * nx));
  EXPECT_GT(cosmic, report.ncosmic);  // tracks, not points
  EXPECT_GT(hot, 10u);
  EXPECT_GT(dead, ny / 2);
}

TEST(Expose, DefectsStayAndCosmicsMove) {
  const Array2<double> light({ny, nx}, 5.0);
  DetectorSettings settings;
  settings.cosmics = 400;
  settings.dead_columns = 60;
  const io::Preproc first = expose(light, settings, {3, {'b', 1}, 10}),
                    second = expose(light, settings, {3, {'b', 1}, 11});
  std::size_t same = 0, moved = 0;
  for (std::size_t i = 0; i < light.size(); ++i) {
    const std::uint32_t a = first.mask.data()[i], b = second.mask.data()[i], defects = ccdmask::dead | ccdmask::hot;
    ASSERT_EQ(a & defects, b & defects);
    same += (a & b & ccdmask::cosmic) != 0;
    moved += ((a ^ b) & ccdmask::cosmic) != 0;
  }
  EXPECT_LT(same, moved / 5);
}

TEST(Expose, VeryBrightPixelsSaturate) {
  Array2<double> light({ny, nx}, 5.0);
  light(7, 9) = 1e6;
  const io::Preproc frame = expose(light, quiet(), key);
  EXPECT_EQ(frame.mask(7, 9), ccdmask::saturated);
  EXPECT_LT(frame.image(7, 9), 1e6f);
  EXPECT_EQ(frame.mask(7, 10), 0u);
}

}  // namespace
}  // namespace zspex::simulate
