/// \file
/// Do these files and settings belong together? Asked once, before anything is computed.
#pragma once

#include <string>
#include <vector>

#include "config/extract_config.hpp"
#include "io/preproc.hpp"
#include "io/psf.hpp"
#include "pipeline/extract/frame_job.hpp"

namespace zspex::pipeline {

/// \throws FileError when the PSF is of another camera or for a CCD of another size
void check_psf_and_image(const io::GaussHermitePsf& psf, const std::string& image_path, const std::string& image_camera,
                         int nx, int ny);

/// \return warnings: wavelengths outside the PSF's range or off the CCD
/// \throws ConfigError when no wavelength of the range falls on the CCD, for any fiber
std::vector<std::string> check_wavelengths(const io::GaussHermitePsf& psf, const FrameJob& job);

/// \return warnings: pixels that are not finite, negative ivar
/// \throws FileError when no pixel can be used: all masked, or all NaN
std::vector<std::string> check_pixels(const io::Preproc& frame, std::uint32_t unusable);

/// \return warnings: lamps, which stand where the telescope does, are corrected for its motion
std::vector<std::string> check_flavor(const io::Header& header, const std::string& image_path);

/// \return warnings: the file has tails, which are not used, or the other way round
std::vector<std::string> check_tails(const io::GaussHermitePsf& psf, bool tails);

}  // namespace zspex::pipeline
