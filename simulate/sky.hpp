/// \file
/// The night sky: continuum, OH bands, atomic lines.
#pragma once

#include <vector>

#include "simulate/light.hpp"

namespace zspex::simulate {

/// One emission line of the night sky.
struct SkyLine {
  double wave;      ///< vacuum Angstrom
  double strength;  ///< 1e-17 erg/s/cm2/arcsec2
};

/// All lines from 3400 to 10600 Angstrom, sorted by wavelength: OH Meinel bands (line positions from the term energies
/// of the two spin ladders, intensities of a gas at 195 K), [OI], [NI], Na D, Hg, and the O2 band at 8645 Angstrom.
std::vector<SkyLine> night_sky_lines();

/// Surface brightness of a dark moonless sky.
/// \param line_factor  strength of the airglow on this night, 1 = typical
/// \return [nbin] 1e-17 erg/s/cm2/Angstrom/arcsec2
std::vector<double> night_sky(const LightBins& bins, double line_factor);

}  // namespace zspex::simulate
