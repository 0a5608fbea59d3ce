/// \file
/// What the fibers look at.
#pragma once

#include <cstdint>
#include <string>

namespace zspex::simulate {

enum class TargetKind { sky, standard, star, white_dwarf, elg, lrg, bgs, qso, lamp };

/// What a fiber's spectrum and its rows in catalogs are made from. 0 where a kind has no such thing.
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

}  // namespace zspex::simulate
