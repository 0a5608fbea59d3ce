/// \file
/// An invented spectrograph: three cameras of 500 fibers with Gauss-Hermite PSFs. The numbers are ours; their scales
/// are DESI's, so that patches, bands and memory have the real sizes.
#pragma once

#include "io/psf.hpp"
#include "simulate/camera.hpp"

namespace zspex::simulate {

inline constexpr int bundle_size = 25;    ///< fibers in a block of the slit
inline constexpr int petal_fibers = 500;  ///< fibers of a spectrograph

/// The PSF of an invented camera: PSFVER 3, traces of degree 6, all other parameters of degree 3, Hermite polynomials
/// up to 6 x 6, no tails. It depends on the camera's name only: the instrument is the same in each simulation.
///
/// With fewer than 500 fibers the same slit is cut after fiber nspec - 1, and the CCD after its light: the spots of the
/// remaining fibers are those of the whole instrument, in a narrower image. \param nspec  fibers, a multiple of 25, at
/// most 500 \throws ConfigError when nspec is something else
io::PsfFile invent_psf(const Camera& camera, int nspec = petal_fibers);

}  // namespace zspex::simulate
