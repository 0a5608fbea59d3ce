#include "pipeline/extract/checks.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <tuple>

#include "config/base/error.hpp"
#include "config/base/maskbits.hpp"
#include "pipeline/extract/camera_choice.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/extract/read_frame.hpp"
#include "tests/pipeline/extract/small_instrument.hpp"

namespace zspex::pipeline {
namespace {

std::vector<std::string> check_range(double wavemin, double wavemax, bool force = false) {
  const auto psf = small_psf();
  auto config = small_config("", 1);
  config.wavelength = config::WaveRange{wavemin, wavemax, 0.8};
  FrameJob job;
  job.psf = kernel_psf(psf, false);
  job.settings = extract_settings(config, psf, "r1");
  job.nx = psf.npix_x;
  job.ny = psf.npix_y;
  return check_wavelengths(psf, job, force);
}

template <class Kind, class Function>
void expect_refused(Function&& fn, const std::vector<std::string>& words) {
  try {
    fn();
    FAIL() << "nothing was thrown; expected an error with " << words.front();
  } catch (const Kind& error) {
    for (const std::string& word : words) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << "no '" << word << "' in: " << error.what();
    }
  }
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

/// The instrument's PSF as if its traces reached this far.
io::GaussHermitePsf reaching(double wavemin, double wavemax, const std::string& camera) {
  auto psf = small_psf(camera);
  psf.wavemin = wavemin;
  psf.wavemax = wavemax;
  return psf;
}

TEST(CameraChoice, DesisCamerasHaveDesisWavelengthsAndErrors) {
  config::ExtractConfig config;
  const std::vector<std::tuple<std::string, double, double, double>> production = {
      {"b3", 3600, 5800, 0.04}, {"r0", 5760, 7620, 0.01}, {"z9", 7520, 9824, 0.01}};
  for (const auto& [camera, wavemin, wavemax, psferr] : production) {
    const auto psf = reaching(wavemin - 1, wavemax + 1, camera);
    const auto wave = choose_wavelength(config, psf, camera);
    EXPECT_EQ(wave.value.wavemin, wavemin);
    EXPECT_EQ(wave.value.wavemax, wavemax);
    EXPECT_EQ(wave.value.dwave, 0.8);
    EXPECT_EQ(wave.source, "DESI's for camera " + camera);
    EXPECT_EQ(choose_psferr(config, psf, camera).value, psferr);
    const auto settings = extract_settings(config, psf, camera);
    EXPECT_EQ(settings.wave.size(), kernels::wave_grid(wavemin, wavemax, 0.8).size());
    EXPECT_EQ(settings.psferr, psferr);
  }
}

TEST(CameraChoice, WhereDesisRangeIsNotCoveredThePsfsIsTaken) {
  config::ExtractConfig config;
  const auto psf = reaching(5761, 7700, "r0");
  EXPECT_EQ(choose_wavelength(config, psf, "r0").value.wavemin, 5761);
  EXPECT_EQ(choose_wavelength(config, reaching(5000, 9000, "red"), "red").value.wavemax, 9000);
  EXPECT_EQ(choose_psferr(config, psf, "red").value, 0.01);
  config.wavelength = config::CameraRule::desi;  // asked for, it is taken all the same
  EXPECT_EQ(choose_wavelength(config, psf, "r0").value.wavemin, 5760);
  expect_refused<ConfigError>([&] { choose_wavelength(config, psf, "red"); }, {"extract.wavelength", "camera red"});
}

TEST(CameraChoice, TheReferencesRuleIsThePsfFile) {
  config::ExtractConfig config;
  config.wavelength = config::CameraRule::psf;
  config.psferr = config::CameraRule::psf;
  auto psf = reaching(3500, 5900, "b0");
  EXPECT_EQ(choose_wavelength(config, psf, "b0").value.wavemin, 3500);
  EXPECT_EQ(choose_psferr(config, psf, "b0").value, 0.01);
  psf.header.set("PSFERR", psf.psferr = 0.02);
  EXPECT_EQ(choose_psferr(config, psf, "b0").value, 0.02);
  config.psferr = config::CameraRule::automatic;  // what the file says goes before what is usual
  EXPECT_EQ(choose_psferr(config, psf, "b0").value, 0.02);
  config.psferr = config::CameraRule::desi;
  EXPECT_EQ(choose_psferr(config, psf, "b0").value, 0.04);
}

TEST(CameraChoice, BandsThatAreNotGivenAreChosenAndOtherCamerasRefused) {
  config::ExtractConfig config;
  config.wavelength = std::map<char, config::WaveRange>{{'b', {4000, 5000, 1}}};
  const auto psf = reaching(3000, 9999, "");
  EXPECT_EQ(choose_wavelength(config, psf, "b0").value.wavemax, 5000);
  EXPECT_EQ(choose_wavelength(config, psf, "r0").value.wavemax, 7620);
  expect_refused<ConfigError>([&] { choose_wavelength(config, psf, "red"); }, {"extract.wavelength", "camera red"});
  expect_refused<ConfigError>([&] { choose_wavelength(config, psf, ""); }, {"an image without CAMERA"});
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

TEST(Names, ResultsInAFolderAreNamedAfterTheirInputs) {
  EXPECT_EQ(name_in_folder("out/", "frame", "in/preproc-r0-00051060.fits.fz"), "out/frame-r0-00051060.fits");
  EXPECT_EQ(name_in_folder("out/", "model", "in/other.fits.gz"), "out/model-other.fits");
}

TEST(Units, TheCutWithAModelDoesNotDependOnTheRanks) {
  auto config = small_config("", 1);
  const auto plain = extract_settings(config, small_psf(), "r1");
  EXPECT_FALSE(units_are_fine(plain, 1));  // 2 bundles
  EXPECT_TRUE(units_are_fine(plain, 2));
  config.model = {"model.fits"};
  const auto model = extract_settings(config, small_psf(), "r1");
  EXPECT_FALSE(units_are_fine(model, 1));  // a bundle's model is summed in one order
  EXPECT_FALSE(units_are_fine(model, 8));
  config.solver = config::Solver::bundle;
  EXPECT_FALSE(units_are_fine(extract_settings(config, small_psf(), "r1"), 8));
}

}  // namespace
}  // namespace zspex::pipeline
