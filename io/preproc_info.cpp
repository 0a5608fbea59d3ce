#include "io/preproc_info.hpp"

#include <filesystem>

#include "io/camera.hpp"
#include "io/detail/fits_reader.hpp"

namespace zspex::io {

PreprocInfo read_preproc_info(const std::string& path) {
  detail::FitsReader file(path, Checksums::ignore);
  const detail::HduInfo& image = file.need_image("IMAGE", 2);
  for (const char* name : {"IVAR", "MASK"}) {
    const detail::HduInfo& hdu = file.need_image(name, 2);
    if (hdu.shape != image.shape)
      file.refuse(name,
                  "expected {} pixels (rows x columns) as in IMAGE, found {}. Check that the HDUs belong to one frame.",
                  detail::to_string(image.shape), detail::to_string(hdu.shape));
  }
  PreprocInfo info;
  info.path = path;
  info.header = file.header(image);
  info.camera = camera_of(info.header);
  info.ny = image.shape[0];
  info.nx = image.shape[1];
  if (const detail::HduInfo* fibermap = file.find("FIBERMAP")) info.fibermap = file.header(*fibermap);
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  info.bytes = error ? 0 : bytes;
  return info;
}

Table read_fibermap(const std::string& path) {
  detail::FitsReader file(path);
  return file.table(file.need("FIBERMAP"));
}

}  // namespace zspex::io
