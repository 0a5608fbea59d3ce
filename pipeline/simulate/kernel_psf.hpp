/// \file
/// The PSF of a file as the kernels take it.
#pragma once

#include "io/psf.hpp"
#include "kernels/extract/extract.hpp"

namespace zspex::pipeline::simulate {

/// Copies traces and Gauss-Hermite terms. No tails: the survey's PSFs have none, and the extraction ignores them by
/// default.
kernels::Psf kernel_psf(const io::GaussHermitePsf& psf);

}  // namespace zspex::pipeline::simulate
