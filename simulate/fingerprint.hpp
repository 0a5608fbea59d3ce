/// \file
/// How simulated files tell of which settings they are.
#pragma once

#include <string>

#include "config/simulate_config.hpp"

namespace zspex::simulate {

/// Card of the first HDU of preproc, coadd and spectra files: fingerprint() of their settings.
constexpr const char* fingerprint_key = "SIMCONF";

/// 16 digits that differ where the settings make other files; not of the cameras, which are files of their own.
std::string fingerprint(const config::SimulateConfig& config);

}  // namespace zspex::simulate
