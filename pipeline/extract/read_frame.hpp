/// \file
/// A frame's files, read and checked against each other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/extract_config.hpp"
#include "io/preproc.hpp"
#include "io/psf.hpp"
#include "pipeline/extract/finish_frame.hpp"
#include "pipeline/extract/frame_job.hpp"
#include "pipeline/extract/plan.hpp"

namespace zspex::pipeline {

/// All that the group's root knows about a frame before it is extracted.
struct LoadedFrame {
  FrameJob job;
  FrameFacts facts;
  io::Preproc pixels;  ///< image, ivar, mask; moved into shared memory later
  std::vector<std::string> warnings;
  std::uint64_t bytes_read = 0;
  double seconds = 0;
};

/// Camera and exposure of a frame: "r0-00051060" from CAMERA and EXPID, or from the file's name.
std::string frame_name(const io::Header& header, const std::string& camera, const std::string& path);

/// The job for a PSF and an image, after the checks that need no pixels.
/// \param fibermap  header of its FIBERMAP, for the barycentric correction; nullptr if there is none
/// \param warnings  appended to
/// \throws FileError, ConfigError (checks.hpp)
FrameJob make_job(const config::ExtractConfig& config, const io::PsfFile& psf, const io::Header& header,
                  const io::Header* fibermap, const std::string& camera, const std::string& path, int nx, int ny,
                  std::vector<std::string>& warnings);

/// Reads frames one after the other; keeps the last PSF, which is often the next one's too.
class FrameReader {
 public:
  FrameReader(const config::ExtractConfig& config, std::string version)
      : config_(config), version_(std::move(version)) {}
  /// \throws FileError, ConfigError
  LoadedFrame read(const FrameFiles& files);

 private:
  const io::PsfFile& psf(const std::string& path, std::uint64_t& bytes_read);

  config::ExtractConfig config_;
  std::string version_;
  std::unique_ptr<const io::PsfFile> psf_;
};

}  // namespace zspex::pipeline
