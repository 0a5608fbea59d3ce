/// \file
/// The last step of a frame, done beside the computing of the next one.
#pragma once

#include <cstdint>
#include <vector>

#include "io/frame.hpp"
#include "pipeline/extract/finish_frame.hpp"
#include "pipeline/extract/plan.hpp"

namespace zspex::pipeline {

/// Finishes the frame and writes it: HDF5 by the suffix .h5, else FITS; then the model image, in spite of a
/// failure of the frame. Each file whole or not at all. \return bytes written \throws Error (exit code `output`)
std::uint64_t write_result(const FrameFiles& files, const std::string& name, FrameSpectra&& spectra,
                           const FrameFacts& facts, Provenance provenance, const std::vector<Timing>& timing,
                           io::WriteOptions options);

}  // namespace zspex::pipeline
