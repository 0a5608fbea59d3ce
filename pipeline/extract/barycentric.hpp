/// \file
/// The barycentric correction: by which factor wavelengths that are seen from a site on Earth become those that an
/// observer at rest at the solar system's barycenter sees.
#pragma once

#include <string>

#include "config/extract_config.hpp"
#include "io/header.hpp"

namespace zspex::pipeline {

/// Where and when an exposure looked.
struct Pointing {
  double ra = 0, dec = 0;  ///< ICRS, degrees
  double mjd = 0;          ///< UTC, the middle of the exposure
};

/// The pointing that a header tells: direction from the first of TARGTRA, SKYRA, TELRA, RA and the first of TARGTDEC,
/// SKYDEC, TELDEC, DEC; MJD-OBS or MJD at the start, plus half of EXPTIME (0 s if absent), as desispec reads them.
/// \param image     header of IMAGE
/// \param fibermap  header of FIBERMAP, where early exposures have the direction; asked when IMAGE has neither RA nor
///                  TARGTRA; nullptr if there is none
/// \param path      for messages
/// \throws FileError that names what is missing or is no number
Pointing find_pointing(const io::Header& image, const io::Header* fibermap, const std::string& path);

/// factor = 1 + z_B of Wright & Eastman 2014 (PASP 126, 838), eq. 28, for a star at rest far away:
///     gamma (1 + beta n) / (1 - sum GM / (d c^2)),
/// with the velocity beta = v / c of the site (the Earth's motion of ERFA's epv00 and its rotation), the direction n,
/// and the potential of Sun and Earth. wave_barycentric = factor * wave_observed.
/// UT1 is taken for UTC and the pole for fixed: below 0.05 m/s, as is the motion of epv00 against an ephemeris.
/// \throws ConfigError when the date is not one that ERFA knows (1960 to 2100)
double barycentric_factor(const config::Site& site, const Pointing& pointing);

}  // namespace zspex::pipeline
