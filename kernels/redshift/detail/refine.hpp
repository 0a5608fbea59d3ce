/// \file
/// The refinement of the minima of many targets in one template.
#pragma once

#include <span>
#include <vector>

#include "kernels/redshift/detail/fit_setup.hpp"
#include "kernels/redshift/fit_site.hpp"

namespace zspex::kernels::detail {

/// Around each minimum of the scan a finer one, linear in z, and a parabola through its least points; archetypes of the
/// template's type, if there are any, then take the place of its basis vectors.
/// \param spectra  of the host; `site` has the same
/// \param chi2     [range.n][nz] with penalty and prior
/// \return [range.n] at most nminima each, the least chi^2 first; none for a target without data
std::vector<std::vector<Zfit>> refine(const FitSetup& setup, const FitSite& site, int itemplate,
                                      const Spectra<Host>& spectra, TargetRange range, const Array2<double>& chi2);

}  // namespace zspex::kernels::detail
