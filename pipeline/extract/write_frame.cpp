#include "pipeline/extract/write_frame.hpp"

#include <utility>

#include "io/model_image.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

std::uint64_t write_result(const FrameFiles& files, const std::string& name, FrameSpectra&& spectra,
                           const FrameFacts& facts, io::Provenance provenance, const std::vector<io::Timing>& timing) {
  Array2<float> model = std::move(spectra.model);
  const io::Frame frame = finish_frame(std::move(spectra), facts);
  std::uint64_t bytes = 0;
  if (!files.model.empty()) {
    io::write_model_image(files.model, model, frame.header);
    model = Array2<float>();
    bytes += file_bytes(files.model);
  }
  provenance.inputs = {files.input, files.psf};
  provenance.finished = utc_now();
  if (files.output.ends_with(".h5")) {
    io::write_frame_hdf5(files.output, name, frame, provenance, timing);
  } else {
    io::write_frame_fits(files.output, frame, provenance);
  }
  return bytes + file_bytes(files.output);
}

}  // namespace zspex::pipeline
