/// \file
/// What the fibers look at. A target is a few numbers, drawn from the seed, the petal and the fiber alone: each camera
/// and each exposure sees the same sky.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/simulate/light.hpp"

namespace zspex::pipeline::simulate {

enum class TargetKind { sky, standard, star, white_dwarf, elg, lrg, bgs, qso, lamp };

/// Parts of the fibers.
struct TargetMix {
  double galaxy = 0.5, qso = 0.15, star = 0.25, sky = 0.1;
};

/// One target.
struct Target {
  TargetKind kind = TargetKind::sky;
  std::int64_t targetid = 0;
  double z = 0;               ///< true redshift; of stars, velocity / c
  double magnitude = 0;       ///< r band, AB
  double shape = 0;           ///< 0 ... 1: age of a galaxy, slope of a quasar, place in the range of its stellar type
  double lines = 1;           ///< strength of emission lines relative to the kind's typical one
  double sigma_km_s = 100;    ///< width of its lines: of the narrow ones of a galaxy, the broad ones of a quasar
  double metals = 0.5;        ///< 0 ... 1: of a galaxy's gas, a quasar's iron, a star's atmosphere
  double dust = 0;            ///< optical depth at 5500 Angstrom, at rest
  double temperature = 0;     ///< stars, K
  double fiber_fraction = 1;  ///< of the target's light inside the fiber, in median seeing
  double ra = 0, dec = 0;     ///< degrees
  double focal_x = 0, focal_y = 0;            ///< place in the focal plane, mm
  double flux_g = 0, flux_r = 0, flux_z = 0;  ///< nanomaggies, total

  const char* spectype() const;  ///< as Redrock: GALAXY, QSO, STAR; SKY, LAMP
  std::string subtype() const;   ///< ELG, LRG, BGS; stars A ... M, WD
};

/// Where the telescope points.
struct Pointing {
  double ra = 150.1, dec = 2.2;  ///< degrees
  long long tileid = 1;
};

/// The targets of fibers specmin ... specmin + nspec - 1 of a petal. Each bundle gets each kind's share up to one fiber
/// more or less, at random places. A target does not depend on specmin and nspec, which are multiples of 25.
std::vector<Target> draw_targets(std::uint64_t seed, int petal, int specmin, int nspec, const TargetMix& mix,
                                 const Pointing& pointing);

/// The same fibers when a lamp shines: no targets, TARGETID negative.
std::vector<Target> lamp_targets(std::vector<Target> targets, int petal);

/// The target's spectrum above the atmosphere, all of its light.
/// \return [nbin] 1e-17 erg/s/cm2/Angstrom; 0 for sky and lamps
std::vector<double> target_flux(const Target& target, std::uint64_t seed, const LightBins& bins);

}  // namespace zspex::pipeline::simulate
