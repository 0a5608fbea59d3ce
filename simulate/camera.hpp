/// \file
/// A camera's name and what is fixed by its band.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/wave_range.hpp"

namespace zspex::simulate {

/// Band and petal, "r0".
struct Camera {
  char band = 'r';
  int petal = 0;

  std::string name() const { return {band, static_cast<char>('0' + petal)}; }
  /// Identifies the camera in random streams; not 0.
  std::uint32_t code() const { return static_cast<std::uint32_t>(band) << 8 | static_cast<std::uint32_t>(petal); }
};

/// \throws ConfigError when the name is not b, r or z and a digit
Camera parse_camera(std::string_view name);

/// The band's grid of DESI's production, vacuum Angstrom: the grids of b, r and z are aligned, so that overlaps share
/// bins.
config::WaveRange production_range(char band);

}  // namespace zspex::simulate
