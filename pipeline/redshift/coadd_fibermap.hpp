/// \file
/// From the FIBERMAP of exposures to those of coadds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/table.hpp"

namespace zspex::pipeline {

struct CoaddedFibermap {
  io::Table fibermap;      ///< one row per target, in the order in which they first appear
  io::Table exp_fibermap;  ///< one row per exposure, with IN_COADD_B, IN_COADD_R, IN_COADD_Z
};

/// What desispec's coadds make of a FIBERMAP, column by column. An exposure is good if it is good in some camera; where none
/// of a target's is, means, extremes and positions are those of all.
///   COADD_FIBERSTATUS           see coadded_fiberstatus()
///   COADD_NUMEXP, _NUMNIGHT, _NUMTILE, _EXPTIME   good exposures, their nights, tiles and seconds; -1 = the column that
///                               they come from isn't there
///   MEAN_, RMS_DELTA_X, _Y, MEAN_PSF_TO_FIBER_SPECFLUX, MIN_, MAX_, MEAN_MJD   over the good exposures
///   MEAN_FIBER_RA, _DEC (deg), STD_FIBER_RA, _DEC (arcsec on the sky)   over those of them that have coordinates
///   *_TARGET                    bits that any exposure has
///   all others                  of the first exposure
/// Left out is what an exposure alone has; and, unless all exposures are of one TILEID, what a tile alone has. Of one tile
/// there are MEAN_FIBER_X and MEAN_FIBER_Y, too.
/// \param exposures  with TARGETID and an integer FIBERSTATUS
/// \param path       for errors
CoaddedFibermap coadd_fibermap(const io::Table& exposures, const std::string& path);

/// COADD_FIBERSTATUS of these exposures' FIBERSTATUS: bits that all good ones have, or, if none is, any has.
std::int64_t coadded_fiberstatus(const std::vector<std::int64_t>& status);

}  // namespace zspex::pipeline
