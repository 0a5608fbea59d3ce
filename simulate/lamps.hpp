/// \file
/// Calibration lamps: a screen in front of the telescope, which lights all fibers alike.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/simulate_config.hpp"
#include "simulate/light.hpp"

namespace zspex::simulate {

struct ArcLine {
  const char* ion;
  double wave;      ///< vacuum Angstrom
  double strength;  ///< 1e-17 erg/s/cm2 that enter a fiber
};

/// Lines of the arc lamps (mercury, argon, cadmium, neon, krypton), by wavelength. Wavelengths are measured ones; the
/// strengths are invented.
std::vector<ArcLine> arc_lines();

/// The lines as a table for people and programs: vacuum wavelength, ion, strength.
std::string arc_lines_text();

/// What a lamp sends into each fiber. Flats are a smooth continuum, arcs are lines far narrower than a bin.
/// \param flavor  flat or arc
/// \return [nbin] 1e-17 erg/s/cm2/Angstrom
std::vector<double> lamp_spectrum(config::Flavor flavor, const LightBins& bins);

}  // namespace zspex::simulate
