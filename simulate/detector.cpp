#include "simulate/detector.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/mask_bits.hpp"
#include "simulate/random.hpp"

namespace zspex::simulate {
namespace {

constexpr double full_well = 1.5e5;          // electrons
constexpr double whole_ccd = 4114.0 * 4128;  // pixels, for counts given for a whole CCD

/// Charge left by cosmics, electrons, and how many there were. A track crosses the silicon (250 micrometers deep) at a
/// random angle and leaves about 80 electrons per micrometer; a third are short spots of radioactive decays.
std::size_t add_cosmics(double rate, const NoiseKey& key, Array2<float>& charge) {
  const auto ny = static_cast<double>(charge.extent(0)), nx = static_cast<double>(charge.extent(1));
  const auto expid = static_cast<std::uint32_t>(key.expid);
  Random number(key.seed, Purpose::cosmic, key.camera.code(), expid, 0);
  const auto ncosmic = static_cast<std::uint32_t>(number.poisson(rate * nx * ny * 1e-6));
  for (std::uint32_t event = 1; event <= ncosmic; ++event) {
    Random random(key.seed, Purpose::cosmic, key.camera.code(), expid, event);
    const double x0 = random.uniform(-0.5, nx - 0.5), y0 = random.uniform(-0.5, ny - 0.5);
    const double angle = 2 * std::numbers::pi * random.uniform(), u = random.uniform();
    const bool decay = random.uniform() < 0.33;
    // Muons come with cos^2 of the zenith angle, and the CCD stands upright: length across the pixels is depth *
    // tan(angle).
    const double tangent = std::sqrt(std::pow(1 - u, -2.0 / 3) - 1);
    const double length = decay ? random.uniform(0, 2) : std::min(16.7 * tangent, 400.0);  // pixels
    const double depth = decay ? random.uniform(2, 12) : std::hypot(16.7, length);         // pixels of path
    const double electrons = 80 * 15 * depth * std::exp(0.25 * std::clamp(random.normal(), -2.0, 4.0));
    const int steps = 1 + static_cast<int>(4 * length);
    for (int step = 0; step < steps; ++step) {
      // The charge of each step is shared by the four pixels around it: diffusion.
      const double x = x0 + length * std::cos(angle) * step / steps, y = y0 + length * std::sin(angle) * step / steps;
      const double fx = x - std::floor(x), fy = y - std::floor(y);
      for (int dy : {0, 1})
        for (int dx : {0, 1}) {
          const double px = std::floor(x) + dx, py = std::floor(y) + dy;
          if (px < 0 || py < 0 || px >= nx || py >= ny) continue;
          charge(static_cast<std::size_t>(py), static_cast<std::size_t>(px)) +=
              static_cast<float>(electrons / steps * (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy));
        }
    }
  }
  return ncosmic;
}

/// Defects belong to the CCD: the same in each exposure.
void flag_defects(const DetectorSettings& settings, const NoiseKey& key, Array2<std::uint32_t>& mask,
                  Array2<float>& charge) {
  const auto ny = mask.extent(0), nx = mask.extent(1);
  Random number(key.seed, Purpose::defect, key.camera.code(), 0, 0);
  const int ndead = static_cast<int>(std::lround(settings.dead_columns * static_cast<double>(nx) / 4100));
  for (int idead = 0; idead < std::max(ndead, std::min(settings.dead_columns, 1)); ++idead) {
    Random random(key.seed, Purpose::defect, key.camera.code(), 1, static_cast<std::uint32_t>(idead));
    const auto column = static_cast<std::size_t>(random.uniform() * static_cast<double>(nx));
    // Charge is moved along the column to its end: a trap blocks all that lies beyond it.
    const auto trap = static_cast<std::size_t>(random.uniform(0, 0.8) * static_cast<double>(ny));
    const bool down = random.uniform() < 0.5;
    for (std::size_t iy = down ? 0 : trap; iy < (down ? ny - trap : ny); ++iy) mask(iy, column) |= ccdmask::dead;
  }
  const double nhot = settings.hot_pixels * static_cast<double>(nx * ny) / whole_ccd;
  for (int ihot = 0; ihot < static_cast<int>(std::lround(nhot)); ++ihot) {
    Random random(key.seed, Purpose::defect, key.camera.code(), 2, static_cast<std::uint32_t>(ihot));
    const auto ix = static_cast<std::size_t>(random.uniform() * static_cast<double>(nx));
    const auto iy = static_cast<std::size_t>(random.uniform() * static_cast<double>(ny));
    mask(iy, ix) |= ccdmask::hot;
    charge(iy, ix) += static_cast<float>(random.uniform(300, 20000));
  }
}

}  // namespace

io::Preproc expose(const Array2<double>& light, const DetectorSettings& settings, const NoiseKey& key,
                   DetectorReport* report) {
  const std::size_t ny = light.extent(0), nx = light.extent(1);
  io::Preproc frame;
  frame.camera = key.camera.name();
  frame.image = Array2<float>({ny, nx});
  frame.ivar = Array2<float>({ny, nx});
  frame.mask = Array2<std::uint32_t>({ny, nx});
  frame.readnoise = Array2<float>({ny, nx});
  Array2<float> charge({ny, nx});  // electrons that did not come through the fibers
  DetectorReport counts;
  if (settings.cosmics > 0) counts.ncosmic = add_cosmics(settings.cosmics, key, charge);
  for (std::size_t i = 0; i < charge.size(); ++i)
    if (charge.data()[i] > 0) frame.mask.data()[i] |= ccdmask::cosmic;
  flag_defects(settings, key, frame.mask, charge);
  for (std::size_t iy = 0; iy < ny; ++iy)
    for (std::size_t ix = 0; ix < nx; ++ix) {
      const double noise = settings.readnoise * amplifier_noise[(iy >= ny / 2 ? 2u : 0u) + (ix >= nx / 2 ? 1u : 0u)];
      const double expected = light(iy, ix);
      double electrons = expected + static_cast<double>(charge(iy, ix));
      if (settings.noise) {
        // The pixel's number does not depend on the CCD's width, so that a narrower CCD sees the same noise.
        Random random(key.seed, Purpose::pixel, key.camera.code(), static_cast<std::uint32_t>(key.expid),
                      static_cast<std::uint32_t>(iy * 8192 + ix));
        const double read = noise * random.normal();
        electrons = random.poisson(electrons) + read;
        if (settings.gain > 0) electrons = settings.gain * std::round(electrons / settings.gain);
      }
      std::uint32_t& mask = frame.mask(iy, ix);
      if (electrons > full_well) {
        electrons = full_well;
        mask |= ccdmask::saturated;
      }
      const bool dead = (mask & ccdmask::dead) != 0;
      const double variance = expected + noise * noise + settings.gain * settings.gain / 12;
      frame.image(iy, ix) = dead ? 0.0f : static_cast<float>(electrons);
      frame.ivar(iy, ix) = dead || !(variance > 0) ? 0.0f : static_cast<float>(1 / variance);
      frame.readnoise(iy, ix) = static_cast<float>(noise);
      counts.dead_pixels += dead;
      counts.cosmic_pixels += (mask & ccdmask::cosmic) != 0;
      counts.hot_pixels += (mask & ccdmask::hot) != 0;
      counts.saturated_pixels += (mask & ccdmask::saturated) != 0;
    }
  if (report) *report = counts;
  return frame;
}

}  // namespace zspex::simulate
