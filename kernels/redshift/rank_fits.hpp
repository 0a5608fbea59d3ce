/// \file
/// From the minima of all templates to a target's answer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

/// Joins a target's minima: good fits before bad ones and small chi^2 before large; `nminima` of each spectral type;
/// numbers them (znum), and sets DELTACHI2, SMALL_DELTA_CHI2, LITTLE_COVERAGE and NODATA. Equals keep the order in which
/// they come, that of the templates.
/// A target without data or minima gets one row: GALAXY at z = 0, chi2 = no_chi2, NODATA.
std::vector<Zfit> rank_fits(std::vector<Zfit> fits, int nminima, int npixels);

/// What is known of a fiber beside its spectrum.
struct FiberState {
  std::string objtype = "TGT";
  std::int64_t status = 0;  ///< COADD_FIBERSTATUS or FIBERSTATUS
};

/// Bits of ZWARN that come from the fiber; where it wasn't on its target, redshift and type are reset. The order of rows
/// and DELTACHI2 stay.
void flag_fiber(std::span<Zfit> fits, const FiberState& fiber);

}  // namespace zspex::kernels
