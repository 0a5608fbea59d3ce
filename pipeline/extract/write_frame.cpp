#include "pipeline/extract/write_frame.hpp"

#include <utility>

#include "io/model_image.hpp"
#include "pipeline/timing.hpp"
#include "pipeline/write_each.hpp"

namespace zspex::pipeline {

std::uint64_t write_result(const FrameFiles& files, const std::string& name, FrameSpectra&& spectra,
                           const FrameFacts& facts, Provenance provenance, const std::vector<Timing>& timing,
                           io::WriteOptions options) {
  const Array2<float> model = std::move(spectra.model);
  const io::Frame frame = finish_frame(std::move(spectra), facts);
  provenance.inputs = {files.input, files.psf};
  provenance.sources = files.sources;
  provenance.finished = utc_now();
  std::vector<Output> outputs = {{files.output, [&] {
                                    if (files.output.ends_with(".h5"))
                                      io::write_frame_hdf5(files.output, name, frame, provenance, timing, options);
                                    else
                                      io::write_frame_fits(files.output, frame, provenance, options);
                                  }}};
  if (!files.model.empty())
    outputs.push_back(
        {files.model, [&] { io::write_model_image(files.model, model, frame.header, provenance, options); }});
  write_each(outputs);
  std::uint64_t bytes = 0;
  for (const Output& output : outputs) bytes += file_bytes(output.path);
  return bytes;
}

}  // namespace zspex::pipeline
