#include "simulate/light.hpp"
#include "simulate/draw_targets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "kernels/extract/extract.hpp"
#include "simulate/exposure.hpp"
#include "simulate/shapes.hpp"
#include "simulate/sky.hpp"
#include "simulate/target.hpp"

namespace zspex::simulate {
namespace {

double integral(const LightBins& bins, const std::vector<double>& density) {
  return std::accumulate(density.begin(), density.end(), 0.0) * bins.width;
}

TEST(LightBins, HoldTheExtractionsOwnBinsAndSomeMore) {
  const std::vector<double> wave = kernels::wave_grid(5760, 5800, 0.8);
  const LightBins bins = make_light_bins(wave, 0.8, 3, 5, 1);
  ASSERT_EQ(bins.size(), wave.size() + 8);
  for (std::size_t i = 0; i < wave.size(); ++i) EXPECT_EQ(bins.wave[i + 3], wave[i]) << i;
  EXPECT_NEAR(bins.wave[0], 5760 - 2.4, 1e-9);
  EXPECT_NEAR(bins.wave.back(), wave.back() + 4.0, 1e-9);
}

TEST(LightBins, PartsOfABinLieInsideItAndAverageToIt) {
  const std::vector<double> wave = {5000, 5001, 5002};
  const LightBins bins = make_light_bins(wave, 1.0, 1, 1, 4);
  ASSERT_EQ(bins.size(), 20u);
  EXPECT_DOUBLE_EQ(bins.wave[4], 4999.625);
  EXPECT_DOUBLE_EQ(bins.wave[7], 5000.375);
  std::vector<double> density(20);
  for (std::size_t i = 0; i < 20; ++i) density[i] = 3 * bins.wave[i];
  const std::vector<double> mean = on_extraction_grid(bins, density);
  ASSERT_EQ(mean.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(mean[i], 3 * wave[i], 1e-9);
}

TEST(AddLine, KeepsAllLightHoweverNarrowTheLine) {
  const LightBins bins = make_light_bins(kernels::wave_grid(5000, 5100, 0.8), 0.8, 0, 0, 1);
  for (double sigma : {1e-3, 0.03, 0.4, 5.0})
    for (double center : {5050.0, 5050.4, 5049.87}) {
      std::vector<double> density(bins.size());
      add_line(bins, center, sigma, 7.0, density);
      EXPECT_NEAR(integral(bins, density), 7.0, 7e-8) << sigma << " at " << center;  // 6 sigma hold all but 2e-9
      double mean = 0;
      for (std::size_t i = 0; i < density.size(); ++i) mean += density[i] * bins.wave[i] * bins.width / 7;
      EXPECT_NEAR(mean, center, 0.41) << sigma;
      if (sigma > 0.4) {
        EXPECT_NEAR(mean, center, 1e-3) << sigma;
      }
    }
}

TEST(AddLine, LeavesOutWhatFallsBesideTheBins) {
  const LightBins bins = make_light_bins(kernels::wave_grid(5000, 5100, 0.8), 0.8, 0, 0, 1);
  std::vector<double> density(bins.size());
  add_line(bins, 4900, 1, 1, density);
  add_line(bins, 9000, 1, 1, density);
  EXPECT_EQ(integral(bins, density), 0);
  add_line(bins, bins.wave.front() - 0.4, 2.0, 1, density);  // centered on the edge: half of it
  EXPECT_NEAR(integral(bins, density), 0.5, 1e-6);
}

TEST(VacuumFromAir, AgreesWithTheLinesOfTheSpectroscopists) {
  EXPECT_NEAR(vacuum_from_air(5577.338), 5578.887, 0.002);  // [OI]
  EXPECT_NEAR(vacuum_from_air(6562.80), 6564.61, 0.01);     // H alpha
  EXPECT_NEAR(vacuum_from_air(3968.47), 3969.59, 0.01);     // Ca II H
}

TEST(NightSky, HasTheKnownLinesAtTheirPlaces) {
  const std::vector<SkyLine> lines = night_sky_lines();
  EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end(), [](auto& a, auto& b) { return a.wave < b.wave; }));
  // [OI], Na D, and OH lines of the 6-2, 7-3 and 8-3 bands as in sky atlases (air wavelengths there, vacuum here). The
  // OH term energies are good to half an Angstrom for low rotation.
  struct Known {
    double wave, within;
  };
  for (const Known known : {Known{5578.89, 0.01},
                            {6302.05, 0.01},
                            {5891.58, 0.01},
                            {8401.50, 0.5},
                            {8829.52, 0.5},
                            {8888.29, 0.5},
                            {8922.15, 0.6},
                            {7318.30, 0.5},
                            {7343.0, 0.5}}) {
    const auto nearest = std::min_element(lines.begin(), lines.end(), [&](const SkyLine& a, const SkyLine& b) {
      return std::abs(a.wave - known.wave) < std::abs(b.wave - known.wave);
    });
    EXPECT_NEAR(nearest->wave, known.wave, known.within);
    EXPECT_GT(nearest->strength, 1) << known.wave;
  }
}

TEST(NightSky, IsBrighterInZThanInB) {
  const LightBins b = make_light_bins(kernels::wave_grid(4000, 5000, 0.8), 0.8, 0, 0, 1);
  const LightBins z = make_light_bins(kernels::wave_grid(8500, 9800, 0.8), 0.8, 0, 0, 1);
  EXPECT_GT(integral(z, night_sky(z, 1)) / 1300, 2 * integral(b, night_sky(b, 1)) / 1000);
  const std::vector<double> dark = night_sky(z, 0);
  EXPECT_LT(*std::max_element(dark.begin(), dark.end()), 1);  // no lines
}

TEST(Targets, DoNotDependOnHowManyFibersThereAre) {
  const auto all = draw_targets(5, 3, 0, 100, {}, {}), some = draw_targets(5, 3, 50, 25, {}, {});
  for (std::size_t i = 0; i < 25; ++i) {
    EXPECT_EQ(all[50 + i].targetid, some[i].targetid);
    EXPECT_EQ(all[50 + i].kind, some[i].kind);
    EXPECT_EQ(all[50 + i].z, some[i].z);
    EXPECT_EQ(all[50 + i].flux_r, some[i].flux_r);
  }
}

TEST(Targets, EachBundleGetsItsShareOfEachKind) {
  const TargetMix mix{0.4, 0.2, 0.2, 0.2};
  const auto targets = draw_targets(9, 0, 0, 500, mix, {});
  for (std::size_t bundle = 0; bundle < 20; ++bundle) {
    std::map<std::string, int> count;
    for (std::size_t i = bundle * 25; i < (bundle + 1) * 25; ++i) ++count[targets[i].spectype()];
    EXPECT_NEAR(count["SKY"], 5, 1) << bundle;
    EXPECT_NEAR(count["STAR"], 5, 1) << bundle;
    EXPECT_NEAR(count["GALAXY"], 10, 1) << bundle;
    EXPECT_NEAR(count["QSO"], 5, 1) << bundle;
  }
}

TEST(Targets, SeedAndPetalChangeThem) {
  const auto a = draw_targets(1, 0, 0, 25, {}, {}), b = draw_targets(2, 0, 0, 25, {}, {}),
             c = draw_targets(1, 1, 0, 25, {}, {});
  EXPECT_NE(a[3].magnitude, b[3].magnitude);
  EXPECT_NE(a[3].magnitude, c[3].magnitude);
  EXPECT_NE(a[3].targetid, c[3].targetid);
}

TEST(TargetFlux, HasTheMagnitudeThatTheTargetSays) {
  // 22.5 mag in r is 1 nanomaggy, in the band in which the spectrum is scaled.
  for (const Target& target : draw_targets(4, 2, 0, 50, {}, {})) {
    if (target.kind == TargetKind::sky) {
      EXPECT_EQ(target.flux_r, 0);
      continue;
    }
    EXPECT_NEAR(target.flux_r, std::pow(10, -0.4 * (target.magnitude - 22.5)), 1e-9 * target.flux_r);
    EXPECT_GT(target.flux_z, 0);
    EXPECT_GE(target.flux_g, 0);
  }
}

TEST(TargetFlux, MovesWithRedshift) {
  Target galaxy;
  galaxy.kind = TargetKind::elg;
  galaxy.magnitude = 22;
  galaxy.sigma_km_s = 60;
  const LightBins bins = make_light_bins(kernels::wave_grid(5800, 7600, 0.8), 0.8, 0, 0, 1);
  for (double z : {0.7, 0.85}) {
    galaxy.z = z;
    const std::vector<double> flux = target_flux(galaxy, 1, bins);
    const auto peak = std::max_element(flux.begin(), flux.end()) - flux.begin();
    EXPECT_NEAR(bins.wave[static_cast<std::size_t>(peak)] / (1 + z), 3728.8, 2.0) << "[OII] at z = " << z;
  }
}

TEST(TargetFlux, IsFiniteAndNotNegativeForAllKinds) {
  for (char band : {'b', 'r', 'z'}) {
    const config::WaveRange range = production_range(band);
    const LightBins bins = make_light_bins(kernels::wave_grid(range.wavemin, range.wavemax, 0.8), 0.8, 100, 100, 1);
    for (const Target& target : draw_targets(12, 0, 0, 100, {0.4, 0.3, 0.3, 0}, {}))
      for (double value : target_flux(target, 12, bins)) {
        ASSERT_TRUE(std::isfinite(value)) << target.spectype() << " " << target.subtype() << " z = " << target.z;
        ASSERT_GE(value, 0) << target.spectype() << " " << target.subtype() << " z = " << target.z;
      }
  }
}

TEST(TargetFlux, ForestAbsorbsBelowLymanAlphaOnly) {
  Target quasar;
  quasar.kind = TargetKind::qso;
  quasar.magnitude = 20;
  quasar.z = 2.6;
  quasar.targetid = 77;
  const LightBins bins = make_light_bins(kernels::wave_grid(3700, 5700, 0.8), 0.8, 0, 0, 1);
  const std::vector<double> flux = target_flux(quasar, 1, bins);
  double roughness_blue = 0, roughness_red = 0;
  for (std::size_t i = 1; i < flux.size(); ++i) {
    const double change = std::abs(flux[i] - flux[i - 1]) / (flux[i] + flux[i - 1] + 1e-9);
    const double rest = bins.wave[i] / 3.6;
    if (rest > 1060 && rest < 1180) roughness_blue += change;
    if (rest > 1270 && rest < 1390) roughness_red += change;
  }
  EXPECT_GT(roughness_blue, 20 * roughness_red);
}

TEST(Exposure, CountsPhotonsAndNotTargets) {
  const Camera camera{'r', 0};
  const std::vector<Target> targets = draw_targets(3, 0, 0, 25, {}, {});
  const LightBins bins = make_light_bins(kernels::wave_grid(6000, 6040, 0.8), 0.8, 0, 0, 1);
  const Exposure one = draw_exposure(3, 10, 0, 20260101, 900);
  Exposure twice = one;
  twice.exptime = 1800;
  const Array2<double> light = collect_light(make_light_path(camera, one, bins), camera, one, 3, 0, targets, bins);
  const Array2<double> longer = collect_light(make_light_path(camera, twice, bins), camera, twice, 3, 0, targets, bins);
  for (std::size_t i = 0; i < light.size(); ++i)
    EXPECT_NEAR(longer.data()[i], 2 * light.data()[i], 1e-9 * longer.data()[i]);
  // A dark sky gives about 0.15 electrons per second and Angstrom in r.
  EXPECT_GT(light(11, 3) / 900, 0.05);
  Exposure dark = one;
  dark.sky_brightness = 0;
  dark.target_scale = 0;
  for (double value : collect_light(make_light_path(camera, dark, bins), camera, dark, 3, 0, targets, bins))
    ASSERT_EQ(value, 0);
}

TEST(Exposure, DatesFollowTheNight) {
  const Exposure first = draw_exposure(1, 5, 0, 20260101, 900), second = draw_exposure(1, 6, 1, 20260101, 900);
  EXPECT_NEAR(first.mjd, 61042 + 5.0 / 24, 1e-9);  // 5 h UT on 2 January 2026
  EXPECT_NEAR((second.mjd - first.mjd) * 86400, 1020, 1e-3);
  EXPECT_NE(first.airglow, second.airglow);
}

}  // namespace
}  // namespace zspex::simulate
