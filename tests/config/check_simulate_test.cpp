#include <gtest/gtest.h>

#include <functional>

#include "config/check.hpp"
#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

SimulateConfig good_simulate() {
  SimulateConfig config;
  config.output = "out";
  return config;
}

std::string simulate_refused(const std::function<void(SimulateConfig&)>& change) {
  SimulateConfig config = good_simulate();
  change(config);
  return refusal([&] { check(config); });
}

TEST(CheckSimulate, LetsGoodOnesPass) {
  for (const auto& change : std::vector<std::function<void(SimulateConfig&)>>{
           [](auto&) {},
           [](auto& c) { c.cameras = {"z9"}, c.psf = {"p.fits"}; },
           [](auto& c) { c.specmin = 475, c.nspec = 25; },
           [](auto& c) { c.fraction_galaxy = 0, c.fraction_qso = 0, c.fraction_star = 0, c.fraction_sky = 1; },
           [](auto& c) { c.fraction_galaxy = 0.1, c.fraction_qso = 0.2, c.fraction_star = 0.3, c.fraction_sky = 0.4; },
           [](auto& c) { c.night = 20240229; },
           [](auto& c) { c.expid = 99999999; },
       })
    EXPECT_EQ(simulate_refused(change), "(not refused)");
}

TEST(CheckSimulate, LampsHaveNoSkyAndNoTargets) {
  EXPECT_EQ(simulate_refused([](auto& c) { c.flavor = Flavor::flat; }), "(not refused)");
  EXPECT_NE(simulate_refused([](auto& c) { c.flavor = Flavor::arc, c.sky_level = 2; }).find("change kind or flavor"),
            std::string::npos);
  EXPECT_NE(simulate_refused([](auto& c) { c.flavor = Flavor::flat, c.snr_scale = 2; }).find("snr_scale"),
            std::string::npos);
  EXPECT_NE(simulate_refused([](auto& c) { c.kind = SimulateKind::coadds, c.flavor = Flavor::flat; }).find("flavor"),
            std::string::npos);
}

TEST(CheckSimulate, CamerasAreBandAndPetalOnceEach) {
  for (const std::string name : {"r", "r10", "x0", "0r", "R0", "ra", "r-1"})
    EXPECT_EQ(simulate_refused([&](auto& c) {
                c.cameras = {"b0", name};
              }),
              "configuration: simulate.cameras: expected b, r or z and a petal from 0 to 9, found " + name +
                  "; for example r0");
  EXPECT_TRUE(contains(simulate_refused([](auto& c) {
                         c.cameras = {"r0", "b0", "r0"};
                       }),
                       "expected each camera once, found r0 again"));
  EXPECT_TRUE(
      contains(simulate_refused([](auto& c) { c.cameras.clear(); }), "simulate.cameras: expected cameras, found none"));
  EXPECT_TRUE(contains(simulate_refused([](auto& c) { c.psf = {"p.fits"}; }),
                       "expected no PSF file, or one for each camera (3), found 1"));
}

TEST(CheckSimulate, FibersAreWholeBundlesOfAPetal) {
  EXPECT_TRUE(contains(simulate_refused([](auto& c) { c.nspec = 30; }),
                       "simulate.nspec: expected a multiple of 25 (fibers of a bundle), found 30"));
  EXPECT_TRUE(
      contains(simulate_refused([](auto& c) { c.specmin = 10; }), "simulate.specmin: expected a multiple of 25"));
  EXPECT_TRUE(
      contains(simulate_refused([](auto& c) { c.specmin = 250, c.nspec = 275; }), "expected specmin + nspec <= 500"));
  EXPECT_TRUE(
      contains(simulate_refused([](auto& c) { c.nspec = 0; }), "simulate.nspec: expected a whole number >= 25"));
}

TEST(CheckSimulate, TheRestAddsUp) {
  EXPECT_TRUE(
      contains(simulate_refused([](auto& c) { c.output.clear(); }), "simulate.output: expected a folder, found none"));
  EXPECT_TRUE(contains(simulate_refused([](auto& c) { c.fraction_sky = 0.2; }), "that sum to 1, found 1.1"));
  EXPECT_TRUE(contains(simulate_refused([](auto& c) { c.night = 20260231; }),
                       "simulate.night: expected a date YYYYMMDD, found 20260231"));
  EXPECT_TRUE(contains(simulate_refused([](auto& c) { c.expid = 99999999, c.nexp = 2; }),
                       "expected exposure numbers of up to 8 digits"));
  EXPECT_TRUE(contains(simulate_refused([](auto& c) {
                         c.wave_z = {7520, 98240, 0.8};
                       }),
                       "simulate.wave_z: expected wavelengths in Angstrom"));
  EXPECT_TRUE(contains(simulate_refused([](auto& c) { c.gain = 0; }), "simulate.gain: expected a number > 0, found 0"));
}

/// A simulation of this kind with one change.
std::string refused_of(SimulateKind kind, const std::function<void(SimulateConfig&)>& change) {
  return simulate_refused([&](auto& c) {
    c.kind = kind;
    change(c);
  });
}

TEST(CheckSimulate, EachKindHasItsOwnKeys) {
  using K = SimulateKind;
  struct Case {
    const char* key;
    std::function<void(SimulateConfig&)> change;
    std::string usual, found;
  };
  const std::vector<Case> of_frames = {{"cameras", [](auto& c) { c.cameras = {"r0"}; }, "[b0, r0, z0]", "[r0]"},
                                       {"psf",
                                        [](auto& c) {
                                          c.psf = {"a.fits", "b.fits", "c.fits"};
                                        },
                                        "[]", ""},
                                       {"specmin", [](auto& c) { c.specmin = 25, c.nspec = 475; }, "0", "25"},
                                       {"nspec", [](auto& c) { c.nspec = 25; }, "500", "25"},
                                       {"gain", [](auto& c) { c.gain = 2; }, "1.6", "2"},
                                       {"dead_columns", [](auto& c) { c.dead_columns = 0; }, "2", "0"},
                                       {"hot_pixels", [](auto& c) { c.hot_pixels = 7; }, "200", "7"},
                                       {"npix_x", [](auto& c) { c.npix_x = 400; }, "0", "400"},
                                       {"npix_y", [](auto& c) { c.npix_y = 400; }, "0", "400"}};
  const std::vector<Case> of_spectra = {{"ntargets", [](auto& c) { c.ntargets = 7; }, "100", "7"},
                                        {"bad_fibers", [](auto& c) { c.bad_fibers = 2; }, "0", "2"}};
  const std::vector<Case> of_both = {
      {"seed", [](auto& c) { c.seed = 2; }, "1", "2"},
      {"nexp", [](auto& c) { c.nexp = 3; }, "1", "3"},
      {"noise", [](auto& c) { c.noise = false; }, "true", "false"},
      {"wave_b", [](auto& c) { c.wave_b.wavemin = 3700; }, "[3600, 5800, 0.8]", ""},
      {"compress", [](auto& c) { c.compress = Compression::gz; }, "none", "gz"},
      {"fraction_galaxy", [](auto& c) { c.fraction_galaxy = 0.4, c.fraction_star = 0.35; }, "0.5", "0.4"}};
  const auto expect = [](K kind, const Case& one, bool allowed) {
    const std::string what = refused_of(kind, one.change);
    if (allowed) {
      EXPECT_EQ(what, "(not refused)") << one.key;
      return;
    }
    EXPECT_TRUE(contains(what, std::string("simulate.") + one.key + ": expected its default, " + one.usual +
                                   ", as it is without effect on this kind of simulation, found " + one.found))
        << what;
    EXPECT_TRUE(contains(what, "take it out, or change kind")) << what;
  };
  for (const Case& one : of_frames)
    for (const K kind : {K::exposures, K::coadds, K::spectra, K::templates}) expect(kind, one, kind == K::exposures);
  for (const Case& one : of_spectra)
    for (const K kind : {K::exposures, K::coadds, K::spectra, K::templates})
      expect(kind, one, kind == K::coadds || kind == K::spectra);
  for (const Case& one : of_both)
    for (const K kind : {K::exposures, K::coadds, K::spectra, K::templates}) expect(kind, one, kind != K::templates);
  for (const K kind : {K::exposures, K::coadds, K::spectra, K::templates})
    EXPECT_EQ(refused_of(kind, [](auto& c) { c.overwrite = false; }), "(not refused)");
}

TEST(CheckSimulate, FilesOfSpectraAreNotTileCompressed) {
  const auto tiles = [](auto& c) { c.compress = Compression::fz; };
  EXPECT_EQ(refused_of(SimulateKind::exposures, tiles), "(not refused)");
  for (const SimulateKind kind : {SimulateKind::coadds, SimulateKind::spectra})
    EXPECT_EQ(refused_of(kind, tiles),
              "configuration: simulate.compress: expected none or gz for files of spectra, found fz");
}

}  // namespace
}  // namespace zspex::config
