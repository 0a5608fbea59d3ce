/// \file
/// How fast this machine is at the pieces of a redshift fit.
#pragma once

#include "config/machine_config.hpp"
#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/targets.hpp"
#include "pipeline/roles.hpp"

namespace zspex::pipeline {

/// Measures the rates of a machine with invented targets: all ranks at once, as they will work, and each piece for a tenth
/// of a second or so. The rates are the medians over the ranks. Leaves the fitter without targets. Collective.
/// \param machine  its rates are overwritten
void calibrate(const comm::Communicator& world, const Roles& roles, const config::RedshiftConfig& config,
               const TargetList& targets, kernels::RedshiftFitter& fitter, config::MachineConfig& machine);

}  // namespace zspex::pipeline
