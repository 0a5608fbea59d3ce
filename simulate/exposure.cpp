#include "simulate/exposure.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "simulate/instrument.hpp"
#include "simulate/lamps.hpp"
#include "simulate/random.hpp"
#include "simulate/shapes.hpp"
#include "simulate/sky.hpp"

namespace zspex::simulate {
namespace {

constexpr double collecting_area = 8.6e4;        // cm2: a mirror of 3.8 m, less what the prime focus hides
constexpr double fiber_area = 1.86;              // arcsec2: a fiber of 107 micrometers, 1.54 arcseconds
constexpr double photon_energy = 1.98644586e-8;  // erg Angstrom: h c
constexpr std::uint64_t optics_seed = 0x7a73706578;

constexpr std::array<double, 9> blue_wave = {3500, 3600, 3800, 4100, 4600, 5200, 5650, 5770, 5950};
constexpr std::array<double, 9> blue_value = {0.05, 0.08, 0.15, 0.22, 0.28, 0.29, 0.27, 0.14, 0.03};
constexpr std::array<double, 8> red_wave = {5600, 5720, 5850, 6200, 6800, 7350, 7560, 7720};
constexpr std::array<double, 8> red_value = {0.05, 0.17, 0.30, 0.34, 0.36, 0.35, 0.27, 0.06};
constexpr std::array<double, 9> near_infrared_wave = {7380, 7470, 7620, 8000, 8600, 9100, 9500, 9750, 9980};
constexpr std::array<double, 9> near_infrared_value = {0.04, 0.13, 0.30, 0.37, 0.39, 0.37, 0.30, 0.21, 0.11};

/// Extinction of a clear atmosphere at zenith, magnitudes: Rayleigh, ozone and aerosols, with the bands of O2 and H2O.
double extinction(double wave) {
  const double micron = wave * 1e-4;
  double magnitudes = 0.0090 * std::pow(micron, -4) + 0.05 * std::pow(micron, -1.0) +
                      0.03 * std::exp(-std::pow((wave - 5900) / 500, 2));
  struct Band {
    double wave, sigma, depth;
  };
  for (const Band& band : {Band{6279, 12, 0.03},
                           {6875, 10, 0.25},
                           {6900, 22, 0.10},
                           {7190, 35, 0.06},
                           {7605, 9, 0.90},
                           {7635, 22, 0.45},
                           {8170, 45, 0.07},
                           {9380, 90, 0.35}})
    magnitudes += band.depth * std::exp(-0.5 * std::pow((wave - band.wave) / band.sigma, 2));
  return magnitudes;
}

}  // namespace

Exposure draw_exposure(std::uint64_t seed, long long expid, int index, int night, double exptime) {
  Random random(seed, Purpose::exposure, 0, static_cast<std::uint32_t>(expid), 0);
  Exposure exposure;
  exposure.expid = expid;
  exposure.night = night;
  exposure.exptime = exptime;
  exposure.airmass = random.uniform(1.02, 1.5);
  exposure.transparency = random.uniform(0.85, 1.03);
  exposure.seeing = 1.1 * std::exp(0.18 * std::clamp(random.normal(), -2.5, 2.5));
  exposure.sky_brightness = random.uniform(0.95, 1.2);
  exposure.airglow = random.uniform(0.7, 1.5);
  exposure.gradient_x = random.uniform(-0.02, 0.02);
  exposure.gradient_y = random.uniform(-0.02, 0.02);
  // Modified Julian date of 5 h UT of the day after `night`. Source: Fliegel & Van Flandern 1968, CACM 11, 657.
  const int day = night % 100, month = night / 100 % 100, year = night / 10000, a = (month - 14) / 12;
  const int julian =
      day - 32075 + 1461 * (year + 4800 + a) / 4 + 367 * (month - 2 - a * 12) / 12 - 3 * ((year + 4900 + a) / 100) / 4;
  exposure.mjd = julian - 2400001 + 1 + 5.0 / 24 + index * (exptime + 120) / 86400;
  return exposure;
}

FiberResponse fiber_response(const Camera& camera, int ispec) {
  const auto fiber = static_cast<std::uint32_t>(camera.petal * petal_fibers + ispec);
  Random common(optics_seed, Purpose::fiber, 0, 0, fiber);  // a fiber feeds three cameras
  Random own(optics_seed, Purpose::fiber, camera.code(), 0, fiber);
  FiberResponse response;
  const bool broken = common.uniform() < 1.0 / 400;
  response.transmission =
      broken ? 0.0
             : std::clamp(1 + 0.045 * common.normal(), 0.8, 1.15) * std::clamp(1 + 0.015 * own.normal(), 0.9, 1.1);
  response.slope = 0.03 * std::clamp(own.normal(), -2.5, 2.5);
  return response;
}

double camera_throughput(char band, double wave) {
  if (band == 'b') return Curve{blue_wave, blue_value}(wave);
  if (band == 'r') return Curve{red_wave, red_value}(wave);
  return Curve{near_infrared_wave, near_infrared_value}(wave);
}

LightPath make_light_path(const Camera& camera, const Exposure& exposure, const LightBins& bins) {
  const std::size_t nbin = bins.size();
  LightPath path{night_sky(bins, exposure.airglow), std::vector<double>(nbin), std::vector<double>(nbin)};
  for (std::size_t i = 0; i < nbin; ++i) {
    const double wave = bins.wave[i];
    path.sky[i] *= exposure.sky_brightness * fiber_area;
    path.electrons[i] =
        1e-17 * wave / photon_energy * collecting_area * exposure.exptime * camera_throughput(camera.band, wave);
    path.air[i] = exposure.transparency * std::pow(10, -0.4 * exposure.airmass * extinction(wave));
  }
  return path;
}

LightPath make_lamp_path(config::Flavor flavor, const Camera& camera, const Exposure& exposure, const LightBins& bins) {
  LightPath path = make_light_path(camera, exposure, bins);
  path.sky = lamp_spectrum(flavor, bins);
  return path;
}

FiberLight light_of_fiber(const LightPath& path, const Camera& camera, const Exposure& exposure, std::uint64_t seed,
                          int ispec, const Target& target, const LightBins& bins) {
  const FiberResponse fiber = fiber_response(camera, ispec);
  const double x = target.focal_x / 410, y = target.focal_y / 410, radius = std::hypot(x, y);
  const double vignetting = 1 - 0.07 * radius * radius * radius;
  const double sky_factor = 1 + exposure.gradient_x * x + exposure.gradient_y * y;
  // A point source loses light with bad seeing, and from fiber to fiber by the positioner's error.
  Random aim(seed, Purpose::exposure, 0, static_cast<std::uint32_t>(exposure.expid),
             static_cast<std::uint32_t>(1 + camera.petal * petal_fibers + ispec));
  const double offset = 0.12 * std::hypot(aim.normal(), aim.normal());  // arcseconds
  const double entrance =
      std::min(0.95, target.fiber_fraction * std::pow(1.1 / exposure.seeing, 0.9) * std::exp(-offset * offset / 0.9));
  const double middle = 0.5 * (bins.wave.front() + bins.wave.back()),
               half = 0.5 * (bins.wave.back() - bins.wave.front());
  FiberLight light{std::vector<double>(bins.size()), std::vector<double>(bins.size())};
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double response =
        path.electrons[i] * fiber.transmission * vignetting * (1 + fiber.slope * (bins.wave[i] - middle) / (2 * half));
    light.sky[i] = response * sky_factor * path.sky[i];
    light.response[i] = response * entrance * path.air[i];
  }
  return light;
}

Array2<double> collect_light(const LightPath& path, const Camera& camera, const Exposure& exposure, std::uint64_t seed,
                             int specmin, const std::vector<Target>& targets, const LightBins& bins) {
  Array2<double> electrons({targets.size(), bins.size()});
  for (std::size_t itarget = 0; itarget < targets.size(); ++itarget) {
    const FiberLight light =
        light_of_fiber(path, camera, exposure, seed, specmin + static_cast<int>(itarget), targets[itarget], bins);
    const std::vector<double> flux = target_flux(targets[itarget], seed, bins);
    for (std::size_t i = 0; i < bins.size(); ++i)
      electrons(itarget, i) = light.sky[i] + exposure.target_scale * light.response[i] * flux[i];
  }
  return electrons;
}

}  // namespace zspex::simulate
