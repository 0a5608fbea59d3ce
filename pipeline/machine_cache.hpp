/// \file
/// What zspex measure found out about this machine, kept for the strategy AUTO.
#pragma once

#include <string>

#include "config/machine_config.hpp"

namespace zspex::pipeline {

/// "zspex 0.1.0, Kokkos 3.4.1 (Serial)": rates are those of a program.
std::string program_and_backend();

/// machine-HOST-RANKS.yaml in the folder zspex of $XDG_CACHE_HOME, or of ~/.cache; empty if there is no such place.
/// \param ranks  of each node
std::string machine_cache_path(const std::string& host, int ranks);

/// Why a description's rates aren't those of a machine and program; empty: they are.
/// \param now  the machine, with its name and the program
std::string why_other_machine(const config::MachineConfig& cached, const config::MachineConfig& now);

}  // namespace zspex::pipeline
