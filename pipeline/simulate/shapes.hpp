/// \file
/// Spectra of galaxies, quasars and stars as formulas: continua, breaks, emission and absorption lines at their true
/// places.
#pragma once

#include <span>

#include "pipeline/simulate/target.hpp"

namespace zspex::pipeline::simulate {

/// A target's spectrum on any bins, in units that are the same for all bins of this target but otherwise arbitrary.
/// \param flux  [nbin] overwritten; per Angstrom, >= 0
void shape_spectrum(const Target& target, std::uint64_t seed, const LightBins& bins, std::span<double> flux);

}  // namespace zspex::pipeline::simulate
