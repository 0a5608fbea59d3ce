/// \file
/// An instrument small enough for tests: 50 fibers in two bundles on 401 x 263 pixels, with tilted traces and lopsided
/// spots.
#pragma once

#include <string>

#include "config/extract_config.hpp"
#include "io/preproc.hpp"
#include "io/psf.hpp"

namespace zspex::pipeline {

/// \param camera  for example "r1"
io::PsfFile small_psf(const std::string& camera = "r1");

/// A frame of all 50 fibers through that PSF: continua, lines and noise; a masked column, cosmics, a NaN pixel.
/// \param expid  also seeds the noise
io::Preproc small_frame(const io::PsfFile& psf, int expid);

/// Reads and writes within `folder`: preproc-<expid>.fits, psf.fits.
config::ExtractConfig small_config(const std::string& folder, int nframe);

}  // namespace zspex::pipeline
