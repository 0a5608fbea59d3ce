/// \file
/// One exposure: the weather, the telescope, and how much light of each fiber arrives on the detectors.
#pragma once

#include <cstdint>
#include <vector>

#include "config/simulate_config.hpp"
#include "core/array.hpp"
#include "simulate/camera.hpp"
#include "simulate/light.hpp"
#include "simulate/target.hpp"

namespace zspex::simulate {

/// What differs from exposure to exposure; the same for all cameras.
struct Exposure {
  long long expid = 0;
  int night = 20260101;  ///< year, month, day of the evening
  double exptime = 900;  ///< s
  double mjd = 0;        ///< start
  double airmass = 1.1;
  double transparency = 1;                ///< of the atmosphere relative to a clear night
  double seeing = 1.1;                    ///< arcseconds
  double sky_brightness = 1;              ///< of the whole sky relative to a dark night
  double airglow = 1;                     ///< of its lines
  double target_scale = 1;                ///< of the targets' light; 1 = as bright as they are
  double gradient_x = 0, gradient_y = 0;  ///< relative change of the sky from the center to 410 mm
};

/// The weather of an exposure, from seed and expid alone.
/// \param index  place in the series of exposures: they follow each other, 2 minutes apart
Exposure draw_exposure(std::uint64_t seed, long long expid, int index, int night, double exptime);

/// A fiber of the instrument: the same in each simulation.
struct FiberResponse {
  double transmission = 1;  ///< relative to the mean fiber; 0 = broken
  double slope = 0;         ///< relative change of it from one end of the camera's range to the other
};

FiberResponse fiber_response(const Camera& camera, int ispec);

/// Part of the photons in front of the telescope that become electrons, without the atmosphere and the fiber's
/// entrance.
double camera_throughput(char band, double wave);

/// What all fibers of a camera have in common in an exposure, in bins of light.
struct LightPath {
  std::vector<double> sky;        ///< [nbin] 1e-17 erg/s/cm2/Angstrom that enter the fiber in the middle of the field
  std::vector<double> electrons;  ///< [nbin] electrons/Angstrom of 1e-17 erg/s/cm2/Angstrom behind the atmosphere
  std::vector<double> air;        ///< [nbin] part that the atmosphere lets through
};

LightPath make_light_path(const Camera& camera, const Exposure& exposure, const LightBins& bins);

/// The same with a lamp in place of the sky. \param flavor  flat or arc
LightPath make_lamp_path(config::Flavor flavor, const Camera& camera, const Exposure& exposure, const LightBins& bins);

/// What one fiber gets on the detector.
struct FiberLight {
  std::vector<double> sky;       ///< [nbin] electrons/Angstrom of the sky
  std::vector<double> response;  ///< [nbin] electrons/Angstrom of a target of 1e-17 erg/s/cm2/Angstrom; 0 = broken
};

/// \param ispec  the fiber, of its camera
FiberLight light_of_fiber(const LightPath& path, const Camera& camera, const Exposure& exposure, std::uint64_t seed,
                          int ispec, const Target& target, const LightBins& bins);

/// Light of all fibers on the detector, target and sky, or lamp.
/// \param specmin  fiber of the first target
/// \return [nspec][nbin] electrons/Angstrom of the exposure
Array2<double> collect_light(const LightPath& path, const Camera& camera, const Exposure& exposure, std::uint64_t seed,
                             int specmin, const std::vector<Target>& targets, const LightBins& bins);

}  // namespace zspex::simulate
