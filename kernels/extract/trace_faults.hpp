/// \file
/// Which traces can't be used, and where. Host code, from the PSF alone: what is found does not depend on pixels, ranks
/// or on how fibers are cut into blocks.
#pragma once

#include <vector>

#include "kernels/extract/extract.hpp"

namespace zspex::kernels {

/// Traces closer than this times the width of their spots along x can't be told apart.
inline constexpr double least_separation = 1.0;

/// Looks at all fibers of the PSF that `psf.faults` doesn't name yet.
///   dark for good: the trace turns back in y, or lies beside the CCD, anywhere in the range that the PSF was fitted
///                  to; it crosses two others or more in the range of `wave`
///   a pair that crosses, or comes closer than `least_separation`: both are without data where it does, and where they
///                  are that close the second one is dark, so that the first takes the light of both
/// \param wave  [nwave] Angstrom, increasing: the bins that are extracted
/// \return psf.faults and what was found, by fiber
std::vector<TraceFault> find_trace_faults(const Psf& psf, const std::vector<double>& wave);

}  // namespace zspex::kernels
