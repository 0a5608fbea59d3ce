#include "simulate/lamps.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/extract/extract.hpp"
#include "simulate/simulate.hpp"

namespace zspex::simulate {
namespace {

Simulated lamp(config::Flavor flavor, config::WaveRange range, int expid = 1) {
  config::SimulateConfig config;
  config.output = "not-written";
  config.flavor = flavor;
  config.cameras = {"r0"};
  config.nspec = 25;
  config.wave_r = range;
  config.expid = expid;
  const Task task = plan(config).front();
  return simulate_exposure(config, task, task_psf(config, task));
}

TEST(Lamps, FlatsTellTheThroughputOfEachFiber) {
  const Simulated flat = lamp(config::Flavor::flat, {6400, 6480, 0.8});
  const std::vector<double> transmission = flat.truth.table->numbers("TRANSMISSION", "");
  const std::vector<double> x = flat.frame.fibermap->numbers("FIBER_X", ""),
                            y = flat.frame.fibermap->numbers("FIBER_Y", "");
  // Rows differ by transmission, the vignetting of at most 7 % and a slope of at most 3.75 % at this place.
  std::vector<double> rest(25);
  for (std::size_t i = 0; i < 25; ++i) {
    const double radius = std::hypot(x[i], y[i]) / 410;
    ASSERT_GT(transmission[i], 0);
    rest[i] = flat.truth.flux(i, 50) / transmission[i] / (1 - 0.07 * radius * radius * radius);
    EXPECT_NEAR(rest[i] / rest[0], 1, 0.02) << i;
  }
  // Smooth along the wavelength: no line, no band of the air.
  for (std::size_t iwave = 1; iwave + 1 < flat.truth.wave.size(); ++iwave)
    EXPECT_NEAR(flat.truth.flux(3, iwave) / std::sqrt(flat.truth.flux(3, iwave - 1) * flat.truth.flux(3, iwave + 1)), 1,
                1e-4);
  // Another exposure has other weather and the same flat.
  const Simulated other = lamp(config::Flavor::flat, {6400, 6480, 0.8}, 17);
  EXPECT_EQ(other.truth.flux, flat.truth.flux);
  EXPECT_NE(other.frame.image, flat.frame.image);
}

TEST(Lamps, ArcsHaveTheirLinesAtKnownWavelengths) {
  const Simulated arc = lamp(config::Flavor::arc, {5850, 5900, 0.8});
  double sum = 0, mean = 0, total = 0;
  for (std::size_t iwave = 0; iwave < arc.truth.wave.size(); ++iwave) {
    total += arc.truth.flux(2, iwave);
    if (std::abs(arc.truth.wave[iwave] - 5854.11) > 3) continue;
    sum += arc.truth.flux(2, iwave);
    mean += arc.truth.flux(2, iwave) * arc.truth.wave[iwave];
  }
  EXPECT_NEAR(mean / sum, 5854.110, 0.4);  // NeI 5852.488 in air; within half a bin
  EXPECT_GT(sum, 0.5 * total);             // the other line here, 5883.5, is half as strong
  EXPECT_LT(sum, 0.8 * total);
  EXPECT_EQ(arc.truth.flux(2, 25), 0);  // 5870: between the lines
}

TEST(Lamps, HeadersAndTablesTellOfLamps) {
  const Simulated arc = lamp(config::Flavor::arc, {5850, 5900, 0.8});
  EXPECT_EQ(arc.frame.header.text("FLAVOR"), "arc");
  EXPECT_EQ(arc.frame.header.text("OBSTYPE"), "ARC");
  EXPECT_FALSE(arc.frame.header.text("TARGTRA"));
  for (std::int64_t target : arc.frame.fibermap->integers("TARGETID", "")) EXPECT_LT(target, 0);
  for (std::int64_t bits : arc.frame.fibermap->integers("DESI_TARGET", "")) EXPECT_EQ(bits, 0);
  const auto& types = std::get<std::vector<std::string>>(arc.frame.fibermap->find("OBJTYPE")->values);
  EXPECT_EQ(types[7], "NON");
}

TEST(Lamps, LinesAreSortedAndSpreadOverTheCameras) {
  const std::vector<ArcLine> lines = arc_lines();
  int b = 0, r = 0, z = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      EXPECT_GT(lines[i].wave, lines[i - 1].wave + 0.5) << lines[i].wave;
    }
    b += lines[i].wave < 5800;
    r += lines[i].wave > 5760 && lines[i].wave < 7620;
    z += lines[i].wave > 7520;
  }
  EXPECT_GE(b, 12);
  EXPECT_GE(r, 25);
  EXPECT_GE(z, 20);
}

}  // namespace
}  // namespace zspex::simulate
