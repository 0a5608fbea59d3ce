/// \file
/// How fast this machine is at the pieces of a redshift fit.
#pragma once

#include <string>

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

/// Where rates come from.
struct FoundRates {
  bool measured = false, kept = false;  ///< just now; by zspex measure. Neither: they are those by default
  std::string note;                     ///< for people, on the root: why nothing was measured
  std::string warning;                  ///< on the root: what is wrong with those that are kept
};

/// The rates of a machine for a comparison of strategies: those that zspex measure keeps for this host, program and number of
/// ranks; else those by default, where all of the run is predicted to be over before rates would be measured; else
/// calibrate(). The root decides. Collective.
/// \param may_assume  defaults will do for a short run
FoundRates find_rates(const comm::Communicator& world, const Roles& roles, const config::RedshiftConfig& config,
                      bool may_assume, const TargetList& targets, kernels::RedshiftFitter& fitter,
                      config::MachineConfig& machine);

/// Only those that zspex measure keeps, if there are any: machine has them then. The root decides. Collective.
FoundRates find_kept_rates(const comm::Communicator& world, const Roles& roles, const config::RedshiftConfig& config,
                           config::MachineConfig& machine);

/// What was measured of one description for another: all but the sizes of the machine.
void take_rates(const config::MachineConfig& from, config::MachineConfig& to);

}  // namespace zspex::pipeline
