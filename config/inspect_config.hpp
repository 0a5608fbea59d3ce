/// \file
/// Everything that `zspex inspect` can be told, with defaults. Option, YAML key and field have one name.
#pragma once

#include <optional>
#include <string>

namespace zspex::config {

/// Section `inspect`.
struct InspectConfig {
  std::string file;        ///< a results file, .h5 or .fits
  std::string frame;       ///< name of the frame in it, for example "r0-00051060"; empty = the first
  std::optional<int> row;  ///< spectrum to draw, 0 = the first; none = no picture is asked for
  int width = 0;           ///< columns of the picture; 0 = the terminal's
};

}  // namespace zspex::config
