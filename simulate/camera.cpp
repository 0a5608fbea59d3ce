#include "simulate/camera.hpp"

#include "core/error.hpp"

namespace zspex::simulate {

Camera parse_camera(std::string_view name) {
  if (name.size() != 2 || std::string_view("brz").find(name[0]) == std::string_view::npos || name[1] < '0' ||
      name[1] > '9')
    throw ConfigError("simulate", "cameras",
                      "expected b, r or z and a petal from 0 to 9, for example r0, found '" + std::string(name) + "'.");
  return {name[0], name[1] - '0'};
}

config::WaveRange production_range(char band) {
  if (band == 'b') return {3600, 5800, 0.8};
  if (band == 'r') return {5760, 7620, 0.8};
  return {7520, 9824, 0.8};
}

}  // namespace zspex::simulate
