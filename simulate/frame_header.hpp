/// \file
/// Cards of a preproc frame: what the extraction, and the pipelines after it, ask of them.
#pragma once

#include "config/simulate_config.hpp"
#include "io/header.hpp"
#include "simulate/exposure.hpp"
#include "simulate/simulate.hpp"
#include "simulate/target.hpp"

namespace zspex::simulate {

/// \param npix_x, npix_y  size of the CCD
io::Header make_frame_header(const config::SimulateConfig& config, const Task& task, const Exposure& exposure,
                             const Pointing& pointing, int npix_x, int npix_y);

}  // namespace zspex::simulate
