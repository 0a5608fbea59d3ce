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

/// \param force  take a PSF of another camera
/// \return a warning when the PSF is of another camera
/// \throws FileError when it is and must not be, or is for a CCD of another size
std::vector<std::string> check_psf_and_image(const io::PsfFile& psf, const std::string& image_path,
                                             const std::string& image_camera, int nx, int ny, bool force);

/// Looks for fibers without a usable trace; they go into job.psf.faults.
/// \return warnings that name them
/// \throws FileError when no fiber of those asked for can be used
std::vector<std::string> check_traces(const std::string& psf_path, FrameJob& job);

/// Fibers of the job with a fault, wherever.
int count_bad_fibers(const FrameJob& job);

/// \return warnings: wavelengths outside the PSF's range or off the CCD
/// \param force  extract also a range that lies mostly off the CCD
/// \throws ConfigError when no wavelength of the range falls on the CCD, for any fiber, or less than half of them do
std::vector<std::string> check_wavelengths(const io::PsfFile& psf, const FrameJob& job, bool force = false);

/// \param nabsurd  pixels whose ivar has been set to 0: absurd_pixels.hpp
/// \return warnings: pixels that are not finite, negative ivar
/// \throws FileError when no pixel can be used: all masked, or all NaN
std::vector<std::string> check_pixels(const io::Preproc& frame, std::uint32_t unusable, std::int64_t nabsurd = 0);

/// \return warnings: lamps, which stand where the telescope does, are corrected for its motion
std::vector<std::string> check_flavor(const io::Header& header, const std::string& image_path);

/// \return warnings: the file has tails, which are not used, or the other way round
std::vector<std::string> check_tails(const io::PsfFile& psf, bool tails);

}  // namespace zspex::pipeline
