#include "io/detail/camera.hpp"

#include "io/detail/fits_cards.hpp"

namespace zspex::io::detail {

std::string camera_of(const Header& header) {
  std::string camera = lower(header.text("CAMERA").value_or(""));
  std::erase(camera, '\'');
  return std::string(trim(camera));
}

}  // namespace zspex::io::detail
