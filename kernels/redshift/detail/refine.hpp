/// \file
/// The refinement of the minima of many targets in some templates.
#pragma once

#include <span>
#include <vector>

#include "kernels/redshift/detail/fit_setup.hpp"
#include "kernels/redshift/fit_backend.hpp"

namespace zspex::kernels::detail {

/// Around each minimum of a scan a finer one, linear in z, and a parabola through its lowest point and the two
/// neighbors; archetypes of the template's type, if there are any, then take the place of its basis vectors.
/// \param spectra  of the host; `backend` has the same
/// \return [scan]
std::vector<RefinedFits> refine(const FitSetup& setup, const FitBackend& backend, const Spectra<Host>& spectra,
                                std::span<const CoarseScan> scans);

}  // namespace zspex::kernels::detail
