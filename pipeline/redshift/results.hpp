/// \file
/// From the fits of all ranks to the results of a run.
#pragma once

#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/redshifts.hpp"
#include "kernels/redshift/redshift.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/targets.hpp"
#include "pipeline/redshift/templates.hpp"

namespace zspex::pipeline {

/// The fits of all targets, in output order, on the root. Collective.
std::vector<std::vector<kernels::Zfit>> gather_fits(const comm::Communicator& world, const TargetList& targets,
                                                    const std::vector<int>& mine,
                                                    const std::vector<std::vector<kernels::Zfit>>& fits);

/// The tables of the input files, and the fits with what the fibers' states add to ZWARN. On the root.
io::RedshiftResults make_results(const config::RedshiftConfig& config, const TargetList& targets,
                                 const TemplateSet& templates, std::vector<std::vector<kernels::Zfit>> fits,
                                 std::vector<std::string>& warnings);

/// Best models of this rank's targets onto the root. Collective.
/// \param models  [mine][nband][nwave]
std::vector<io::ModelSpectra> gather_models(const comm::Communicator& world, const TargetList& targets,
                                            const std::vector<int>& mine,
                                            const std::vector<std::vector<std::vector<float>>>& models);

/// Zeros where the best fit was reset because of its fiber.
void blank_models(const io::RedshiftResults& results, std::vector<io::ModelSpectra>& models);

}  // namespace zspex::pipeline
