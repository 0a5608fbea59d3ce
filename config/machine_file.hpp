/// \file
/// A machine's description as a file of its own.
#pragma once

#include <string>

#include "config/machine_config.hpp"

namespace zspex::config {

/// A section `machine` with every key, its meaning and its unit.
/// \param heading  lines of comment above it, each ends in \n; may be empty
std::string machine_yaml(const MachineConfig& machine, const std::string& heading);

/// \throws ConfigError when the file can't be read, holds what it shouldn't, or has no section `machine`
MachineConfig read_machine_file(const std::string& path);

}  // namespace zspex::config
