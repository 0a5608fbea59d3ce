/// \file
/// The machine at hand, as plans see it.
#pragma once

#include "config/machine_config.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/roles.hpp"

namespace zspex::pipeline {

/// Nodes, ranks of the fullest node, memory of the smallest, GPUs and their memory, and what processes take by now. Rates
/// are left at their defaults; see calibrate(). The same on all ranks. Collective.
config::MachineConfig this_machine(const comm::Communicator& world, const Roles& roles);

}  // namespace zspex::pipeline
