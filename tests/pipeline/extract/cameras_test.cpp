// Wavelengths and errors of the PSF that differ by camera.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <tuple>

#include "core/error.hpp"
#include "io/frame.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/extract/camera_choice.hpp"
#include "pipeline/extract/extract.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/extract/refusal.hpp"
#include "tests/pipeline/extract/small_instrument.hpp"

namespace zspex::pipeline {
namespace {

/// The instrument's PSF as if its traces reached this far.
io::PsfFile reaching(double wavemin, double wavemax, const std::string& camera) {
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

TEST(MpiCameras, FramesOfAllCamerasInOneRunHaveGridsOfTheirOwn) {
  const std::vector<std::string> cameras = {"b1", "r1", "z1"};
  const comm::Communicator world = comm::test_world();
  const TestFolder folder(world);
  auto config = small_config(folder.path(), 3);
  config.psf = {folder / "psf-b1.fits", folder / "psf-r1.fits", folder / "psf-z1.fits"};
  comm::agree(world, "write the inputs", [&] {
    if (!world.is_root()) return;
    for (std::size_t i = 0; i < cameras.size(); ++i) {
      const auto psf = small_psf(cameras[i]);
      io::write_psf(config.psf[i], psf);
      io::write_preproc(config.input[i], small_frame(psf, static_cast<int>(i) + 1));
    }
  });
  config.nspec = 25;
  config.group = world.size();  // so that the root tells of all
  config.wavelength = std::map<char, config::WaveRange>{{'b', {6000, 6040, 0.8}}, {'z', {6060, 6100, 0.7}}};
  config.psferr = std::map<char, double>{{'b', 0.5}};
  std::ostringstream out, err;
  const ExtractStage stage(world, config, {}, {}, out, err);
  ASSERT_EQ(run_extract(stage, world, {}, out), ExitCode::success) << err.str();
  if (!world.is_root()) return;
  const auto b = io::read_frame_fits(config.output[0]), r = io::read_frame_fits(config.output[1]),
             z = io::read_frame_fits(config.output[2]);
  EXPECT_EQ(b.wave, kernels::wave_grid(6000, 6040, 0.8));
  EXPECT_EQ(r.wave, kernels::wave_grid(5990, 6110, 0.8));  // not given: the PSF's, which doesn't cover DESI's
  EXPECT_EQ(z.wave, kernels::wave_grid(6060, 6100, 0.7));
  // Half of the light may be off in b: no pixel disagrees with its model.
  EXPECT_LT(*std::max_element(b.chi2pix.begin(), b.chi2pix.end()), 0.5f);
  EXPECT_GT(*std::max_element(z.chi2pix.begin(), z.chi2pix.end()), 0.5f);
  EXPECT_NE(out.str().find("6000,6040,0.8 Angstrom (as asked for), psferr 0.5"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("5990,6110,0.8 Angstrom (the PSF's), psferr 0.01 (DESI's for camera r1)"), std::string::npos)
      << out.str();
}

}  // namespace
}  // namespace zspex::pipeline
