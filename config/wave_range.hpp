/// \file
/// A range of wavelengths, as options and YAML give it.
#pragma once

namespace zspex::config {

/// wmin, wmax, dw of the output grid, vacuum Angstrom.
struct WaveRange {
  double wavemin = 0, wavemax = 0, dwave = 0.8;
};

}  // namespace zspex::config
