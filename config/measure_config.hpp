/// \file
/// Everything that `zspex measure` can be told, with defaults. Option, YAML key and field have one name.
#pragma once

#include <string>

namespace zspex::config {

/// Section `measure`.
struct MeasureConfig {
  std::string output;   ///< the machine's file, .yaml; empty: none
  double seconds = 30;  ///< that all takes, about
  std::string scratch;  ///< folder for files that are written and read to measure it; empty: the output's
  bool cache = true;    ///< what was measured is kept for zspex redshift --strategy AUTO
};

}  // namespace zspex::config
