#include "io/camera.hpp"

#include "io/detail/fits_cards.hpp"

namespace zspex::io {

std::string camera_of(const Header& header) {
  std::string camera = detail::lower(header.text("CAMERA").value_or(""));
  std::erase(camera, '\'');
  return std::string(detail::trim(camera));
}

}  // namespace zspex::io
