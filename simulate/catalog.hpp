/// \file
/// What an imaging survey and Gaia would tell of a target: the columns of a FIBERMAP that the target selection fills.
#pragma once

#include <cstdint>
#include <string>

#include "simulate/target.hpp"

namespace zspex::simulate {

/// One target in the catalogs. Sky is in none of them: all zero or empty, but its place in the brick.
struct CatalogEntry {
  std::string desiname;      ///< "DESI J150.1000+02.2000"
  std::string brickname;     ///< "1501p022", of the brick of 0.25 degrees around the target
  std::int16_t release = 0;  ///< these three as TARGETID holds them
  std::int32_t brickid = 0, brick_objid = 0;
  std::string morphtype;  ///< PSF, REX, DEV, SER; empty for sky
  float sersic = 0;       ///< index of the radial profile; 0 for points
  float shape_r = 0;      ///< arcsec, half-light radius; 0 for points
  float shape_e1 = 0, shape_e2 = 0;
  float flux_w1 = 0, flux_w2 = 0;              ///< nanomaggies
  std::int64_t ref_id = 0;                     ///< Gaia's source, or 0
  std::string ref_cat;                         ///< "G2", or empty
  float gaia_g = 0, gaia_bp = 0, gaia_rp = 0;  ///< Vega magnitudes; 0 = not seen by Gaia
  float parallax = 0;                          ///< milliarcseconds
  std::int32_t priority = 0;                   ///< of its observation; sky has none
  double subpriority = 0;                      ///< 0 ... 1, decides between equals
};

CatalogEntry catalog_entry(const Target& target);

}  // namespace zspex::simulate
