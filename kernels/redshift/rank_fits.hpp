/// \file
/// From the minima of all templates to a target's answer, by the rules of Redrock 0.22.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

/// Joins a target's minima: good fits before bad ones (ZWARN bits 3 to 6 and 10) and small chi^2 before large;
/// `nminima` of each spectral type; numbers them (znum), and sets DELTACHI2, SMALL_DELTA_CHI2 and LITTLE_COVERAGE.
/// Equals keep the order in which they come, that of the templates.
///   deltachi2         chi^2 of the next good row farther away than velocity_limit_km_s(), minus this one's; 0: none
///   SMALL_DELTA_CHI2  some good row so far away is within 9
///   LITTLE_COVERAGE   fewer than 10 pixels per coefficient
/// Numbers that aren't finite, or that a float can't hold, are replaced (z 0, zerr -1, chi^2 no_chi2, coefficients 0),
/// with BAD_MINFIT. A target without pixels gets one row, GALAXY at z = 0, chi2 = no_chi2, with NODATA and
/// LITTLE_COVERAGE; one without minima the same with BAD_MINFIT.
/// \param npixels  with ivar > 0, of the target
std::vector<Zfit> rank_fits(std::vector<Zfit> fits, int nminima, int npixels);

/// What is known of a fiber beside its spectrum.
struct FiberState {
  std::string objtype = "TGT";  ///< OBJTYPE: TGT, SKY, or else
  std::int64_t status = 0;      ///< COADD_FIBERSTATUS or FIBERSTATUS
};

/// Bits of ZWARN that come from the fiber: SKY, LITTLE_COVERAGE of a bad amplifier, UNPLUGGED, BAD_TARGET, NODATA,
/// POORDATA. With NODATA of the fiber (unassigned, broken, out of position, or neither TGT nor SKY) z, type,
/// coefficients and method are reset. The order of rows, CHI2 and DELTACHI2 stay.
void flag_fiber(std::span<Zfit> fits, const FiberState& fiber);

}  // namespace zspex::kernels
