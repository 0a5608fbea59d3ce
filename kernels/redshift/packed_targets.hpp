/// \file
/// Where the spectra of targets lie in a piece of memory that the caller holds: its own, one that ranks of a node share,
/// or a copy on a device. Plain numbers, so that ranks can tell each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zspex::kernels {

struct PackedTargets {
  struct Spectrum {
    std::int32_t band = 0, ndiag = 0;
    std::uint64_t at = 0;  ///< offset of its values, bytes
  };
  struct Target {
    std::int32_t nspectrum = 0;  ///< of those with a good pixel
    std::int32_t npixels = 0;    ///< with ivar > 0, over all of them
    double flux_square = 0;      ///< sum of ivar * flux^2
  };
  std::vector<Target> targets;
  std::vector<Spectrum> spectra;  ///< of all targets, one after the other
};

}  // namespace zspex::kernels
