/// \file
/// How many redshifts of a template are rebinned and fitted in one go.
#pragma once

#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"

namespace zspex::pipeline {

/// Redshifts of a slice of a template: config.slice, or fewer where two slices don't fit half of the rank's memory.
/// \throws ConfigError when not even one does
int slice_redshifts(const kernels::RedshiftFitter& fitter, int itemplate, const config::RedshiftConfig& config);

/// Slices that the CPU ranks of a node share in GPU_V6: while the last targets are fitted to one, the next is rebinned.
inline constexpr int shared_tiles = 3;

}  // namespace zspex::pipeline
