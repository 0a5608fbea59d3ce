/// \file
/// The spectra of a rank's targets, from the files to what is fitted.
#pragma once

#include <vector>

#include "config/redshift_config.hpp"
#include "kernels/redshift/redshift.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

/// Reads the rows of `mine` (indices into the list), masks pixels, and coadds each target's exposures band by band unless
/// --allspec. A target may end with no good pixel.
std::vector<kernels::Target> read_targets(const config::RedshiftConfig& config, const TargetList& targets,
                                          const std::vector<int>& mine);

}  // namespace zspex::pipeline
