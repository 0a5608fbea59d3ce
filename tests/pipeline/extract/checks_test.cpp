#include "pipeline/extract/checks.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/error.hpp"
#include "core/mask_bits.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/extract/read_frame.hpp"
#include "tests/pipeline/extract/refusal.hpp"
#include "tests/pipeline/extract/small_instrument.hpp"

namespace zspex::pipeline {
namespace {

std::vector<std::string> check_range(double wavemin, double wavemax, bool force = false) {
  const auto psf = small_psf();
  auto config = small_config("", 1);
  config.wavelength = config::WaveRange{wavemin, wavemax, 0.8};
  FrameJob job;
  job.psf = usable_psf(psf, false);
  job.settings = extract_settings(config, psf, "r1");
  job.nx = psf.npix_x;
  job.ny = psf.npix_y;
  return check_wavelengths(psf, job, force);
}

TEST(Checks, APsfOfAnotherCameraIsRefusedNamingBoth) {
  const auto psf = small_psf("r1");
  EXPECT_TRUE(check_psf_and_image(psf, "img.fits", "r1", 401, 263, false).empty());
  EXPECT_TRUE(check_psf_and_image(psf, "img.fits", "", 401, 263, false).empty());  // an image that doesn't say
  expect_refused<FileError>([&] { check_psf_and_image(psf, "img.fits", "r2", 401, 263, false); },
                            {"img.fits", "camera r1", "camera r2", "small", "--force"});
}

TEST(Checks, APsfOfAnotherCameraIsTakenByForceWithAWarning) {
  const auto warnings = check_psf_and_image(small_psf("r1"), "img.fits", "r2", 401, 263, true);
  ASSERT_EQ(warnings.size(), 1u);
  for (const char* word : {"img.fits", "camera r1", "camera r2", "--force"})
    EXPECT_NE(warnings[0].find(word), std::string::npos) << warnings[0];
  expect_refused<FileError>([&] { check_psf_and_image(small_psf("r1"), "img.fits", "r2", 400, 263, true); },
                            {"401 x 263", "400 x 263"});
}

TEST(Checks, APsfForAnotherCcdIsRefused) {
  expect_refused<FileError>([&] { check_psf_and_image(small_psf(), "img.fits", "r1", 400, 263, false); },
                            {"img.fits", "401 x 263", "400 x 263"});
}

TEST(Checks, WavelengthsWithinThePsfsRangeAreFine) { EXPECT_TRUE(check_range(6000, 6100).empty()); }

TEST(Checks, ExtrapolatedTracesAreWarnedOf) {
  const auto warnings = check_range(5985, 6100);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("extrapolated"), std::string::npos) << warnings[0];
}

TEST(Checks, WavelengthsOffTheCcdAreRefused) {
  for (const auto& [from, to] : {std::pair{5000.0, 5100.0}, std::pair{7000.0, 7100.0}}) {
    expect_refused<ConfigError>([&, a = from, b = to] { check_range(a, b); }, {"wavelength", "on the CCD", "5990"});
  }
}

TEST(Checks, ARangeThatLiesMostlyOffTheCcdIsRefusedAndSaysHowMuchIsOnIt) {
  expect_refused<ConfigError>([] { check_range(5700, 6050); }, {"extract.wavelength", "5700 to 6049.6 Angstrom",
                                                                "only 21.9 % fall on it", "those from about 5973"});
  EXPECT_NE(check_range(5700, 6050, true).at(0).find("fall beside the CCD"), std::string::npos);
  const auto warnings = check_range(5960, 6110);  // a fifth of it: still extracted
  ASSERT_FALSE(warnings.empty());
  EXPECT_NE(warnings[0].find("fall beside the CCD"), std::string::npos) << warnings[0];
}

TEST(Checks, FibersThatThePsfDoesNotHaveAreRefused) {
  auto config = small_config("", 1);
  config.specmin = 25;
  config.nspec = 50;
  expect_refused<ConfigError>([&] { extract_settings(config, small_psf(), "r1"); }, {"fibers 25 to 74", "50 fibers"});
  config.specmin = 50;
  config.nspec = 0;
  expect_refused<ConfigError>([&] { extract_settings(config, small_psf(), "r1"); }, {"50 fibers"});
  config.specmin = 25;
  EXPECT_EQ(extract_settings(config, small_psf(), "r1").nspec, 25);
}

TEST(Checks, PaddingIsExtendedByItsFraction) {
  auto config = small_config("", 1);
  EXPECT_EQ(extract_settings(config, small_psf(), "r1").wavepad, 12);  // 10 + trunc(10 * 0.2)
  config.wavepad = 14;
  EXPECT_EQ(extract_settings(config, small_psf(), "r1").wavepad, 16);
}

TEST(Checks, AnImageWithoutUsablePixelsIsRefusedSayingWhy) {
  auto frame = small_frame(small_psf(), 1);
  frame.path = "preproc.fits";
  auto masked = frame;
  for (auto& bits : masked.mask) bits = ccdmask::dead;
  expect_refused<FileError>([&] { check_pixels(masked, ccdmask::unusable); }, {"preproc.fits", "all are masked"});
  for (auto& bits : masked.mask) bits = ccdmask::badreadnoise;
  EXPECT_NO_THROW(check_pixels(masked, ccdmask::unusable));  // this bit takes no pixel out
  EXPECT_THROW(check_pixels(masked, ~0u), FileError);        // unless any bit does

  auto nan = frame;
  for (auto& value : nan.image) value = std::numeric_limits<float>::quiet_NaN();
  nan.nan_pixels = nan.image.size();
  expect_refused<FileError>([&] { check_pixels(nan, ccdmask::unusable); }, {"preproc.fits", "all are NaN"});

  auto empty = frame;
  for (auto& value : empty.ivar) value = 0;
  expect_refused<FileError>([&] { check_pixels(empty, ccdmask::unusable); }, {"preproc.fits", "ivar <= 0"});
}

TEST(Checks, OddPixelsAreWarnedOf) {
  auto frame = small_frame(small_psf(), 1);
  EXPECT_TRUE(check_pixels(frame, ccdmask::unusable).empty());
  frame.nan_pixels = 3;
  frame.negative_ivar = 5;
  EXPECT_EQ(check_pixels(frame, ccdmask::unusable).size(), 2u);
}

TEST(Checks, TailsThatAreNotUsedAreWarnedOf) {
  auto psf = small_psf();
  EXPECT_TRUE(check_tails(psf, false).empty());
  EXPECT_EQ(check_tails(psf, true).size(), 1u);
  psf.has_tail = true;
  EXPECT_EQ(check_tails(psf, false).size(), 1u);
  EXPECT_TRUE(check_tails(psf, true).empty());
}

TEST(Names, FramesAreNamedByCameraAndExposure) {
  io::Header header;
  EXPECT_EQ(frame_name(header, "r0", "/x/preproc-r0-00051060.fits.gz"), "r0-00051060");
  header.set("EXPID", 123);
  EXPECT_EQ(frame_name(header, "z9", "/x/any.fits"), "z9-00000123");
}

TEST(GpuMemory, RanksThatShareAGpuMustFitIt) {
  constexpr std::size_t gib = std::size_t{1} << 30;
  EXPECT_NO_THROW(check_gpu_memory(2 * gib, 16, 40 * gib));
  EXPECT_NO_THROW(check_gpu_memory(99 * gib, 16, 0));  // nobody knows
  try {
    check_gpu_memory(2 * gib + gib / 2, 16, 40 * gib);
    FAIL() << "36 of 40 GiB are enough for 40";
  } catch (const ConfigError& error) {
    for (const char* word : {"16 ranks", "36864 MiB", "40960 MiB", "2560 MiB each", "--batch", "--gpu-ranks"})
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
  }
}

TEST(Blocks, TheCutWithAModelDoesNotDependOnTheRanks) {
  auto config = small_config("", 1);
  const auto plain = extract_settings(config, small_psf(), "r1");
  EXPECT_FALSE(blocks_are_fine(plain, 1, false));  // 2 bundles
  EXPECT_TRUE(blocks_are_fine(plain, 2, false));
  EXPECT_FALSE(blocks_are_fine(plain, 2, true));  // a GPU wants whole bundles
  config.model = {"model.fits"};
  const auto model = extract_settings(config, small_psf(), "r1");
  EXPECT_FALSE(blocks_are_fine(model, 1, false));  // a bundle's model is summed in one order
  EXPECT_FALSE(blocks_are_fine(model, 8, false));
  config.solver = config::Solver::bundle;
  EXPECT_FALSE(blocks_are_fine(extract_settings(config, small_psf(), "r1"), 8, false));
}

}  // namespace
}  // namespace zspex::pipeline
