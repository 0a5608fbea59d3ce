#include "io/preproc.hpp"

#include <bit>

#include "core/error.hpp"
#include "io/camera.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"

namespace zspex::io {
namespace {

/// Names that surveys write for electrons.
bool means_electrons(const std::string& unit) {
  const std::string name = detail::lower(detail::trim(unit));
  return name == "electron" || name == "electrons" || name == "e-" || name == "electron/pixel" ||
         name == "electron/pix";
}

constexpr std::uint32_t sign = 0x80000000, infinity = 0x7f800000;  // of IEEE floats

/// By their bits, not by comparison: the compiler turns the loop into vectors, and comparing NaN traps where a program
/// has asked for that.
void count_bad_pixels(Preproc& frame) {
  std::size_t nan = 0, negative = 0;
  const float *image = frame.image.data(), *ivar = frame.ivar.data();
  for (std::size_t i = 0; i < frame.image.size(); ++i) {
    const auto pixel = std::bit_cast<std::uint32_t>(image[i]), weight = std::bit_cast<std::uint32_t>(ivar[i]);
    nan += ((pixel & infinity) == infinity) | ((weight & infinity) == infinity);
    negative += (weight > sign) & (weight <= (sign | infinity));  // neither -0 nor NaN
  }
  frame.nan_pixels = nan;
  frame.negative_ivar = negative;
}

const detail::HduInfo& need_same_shape(detail::FitsReader& file, const char* name, const detail::HduInfo& image) {
  const detail::HduInfo& hdu = file.need_image(name, 2);
  if (hdu.shape != image.shape)
    file.refuse(name,
                "expected {} pixels (rows x columns) as in IMAGE, found {}. Check that the HDUs belong to one frame.",
                detail::to_string(image.shape), detail::to_string(hdu.shape));
  return hdu;
}

void need_same_shape(const std::string& path, const char* name, const Preproc& frame,
                     const Array2<float>::Shape& shape) {
  if (shape != frame.image.shape())
    throw FileError(path, name, "expected the shape of IMAGE, found another. This is a defect of zspex.",
                    ExitCode::output);
}

}  // namespace

Preproc read_preproc(const std::string& path, Checksums checksums) {
  detail::FitsReader file(path, checksums);
  const detail::HduInfo& image = file.need_image("IMAGE", 2);
  const detail::HduInfo& ivar = need_same_shape(file, "IVAR", image);
  const detail::HduInfo& mask = need_same_shape(file, "MASK", image);
  const detail::HduInfo* readnoise = file.find("READNOISE");
  if (readnoise) readnoise = &need_same_shape(file, "READNOISE", image);

  Preproc frame;
  frame.path = path;
  frame.notes = file.notes();
  frame.header = file.header(image);
  if (const auto unit = frame.header.text("BUNIT"); unit && !means_electrons(*unit))
    file.refuse("IMAGE",
                "expected BUNIT = 'electron', found '{}'. Give a preproc frame: raw frames must be preprocessed first.",
                *unit);
  frame.camera = camera_of(frame.header);
  frame.image = file.image2<float>(image);
  frame.ivar = file.image2<float>(ivar);
  frame.mask = file.image2<std::uint32_t>(mask);
  if (readnoise) frame.readnoise = file.image2<float>(*readnoise);
  if (const detail::HduInfo* fibermap = file.find("FIBERMAP")) frame.fibermap = file.table(*fibermap);
  count_bad_pixels(frame);
  return frame;
}

void write_preproc(const std::string& path, const Preproc& frame) {
  need_same_shape(path, "IVAR", frame, frame.ivar.shape());
  need_same_shape(path, "MASK", frame, frame.mask.shape());
  if (!frame.readnoise.empty()) need_same_shape(path, "READNOISE", frame, frame.readnoise.shape());

  const std::size_t nimage = frame.readnoise.empty() ? 3 : 4;
  detail::FitsWriter file(path, nimage * frame.image.size() * sizeof(float));
  const std::vector<std::size_t> shape(frame.image.shape().begin(), frame.image.shape().end());
  Header header = frame.header;
  header.set("BUNIT", "electron");
  if (!frame.camera.empty()) header.set("CAMERA", frame.camera);
  file.image("IMAGE", shape, frame.image.data(), header);
  file.image("IVAR", shape, frame.ivar.data());
  // Bits, not numbers: int32, as other programs expect, also with bit 31 set.
  file.image("MASK", shape, reinterpret_cast<const std::int32_t*>(frame.mask.data()));
  if (!frame.readnoise.empty()) file.image("READNOISE", shape, frame.readnoise.data());
  if (frame.fibermap) {
    Table fibermap = *frame.fibermap;
    fibermap.name = "FIBERMAP";
    file.table(fibermap);
  }
  file.finish();
}

}  // namespace zspex::io
