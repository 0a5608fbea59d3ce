/// \file
/// Spectra of galaxies, quasars and stars as formulas: continua, breaks, emission and absorption lines at their true
/// places.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "simulate/light.hpp"
#include "simulate/target.hpp"

namespace zspex::simulate {

/// A target's spectrum on any bins, in units that are the same for all bins of this target but otherwise arbitrary.
/// \param flux  [nbin] overwritten; per Angstrom, >= 0
void shape_spectrum(const Target& target, std::uint64_t seed, const LightBins& bins, std::span<double> flux);

/// Bins of a broad band, Angstrom.
LightBins broad_band(double wavemin, double wavemax);
/// Mean flux over a broad band, in nanomaggies: f_nu = 3.631e-29 erg/s/cm2/Hz.
/// \param flux  [nbin] 1e-17 erg/s/cm2/Angstrom
double nanomaggies(const std::vector<double>& flux, const LightBins& bins);

/// The target's spectrum above the atmosphere, all of its light.
/// \return [nbin] 1e-17 erg/s/cm2/Angstrom; 0 for sky and lamps
std::vector<double> target_flux(const Target& target, std::uint64_t seed, const LightBins& bins);

}  // namespace zspex::simulate
