/// \file
/// Where results come from: program, command, machine, libraries.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "core/provenance.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/roles.hpp"

namespace zspex::pipeline {

/// The git revision that was built, for example "6f1c2a9d01b3-dirty"; "unknown" without git.
std::string_view program_revision();

/// The words of a command line, quoted where a shell would need it.
std::string quote_command(int argc, const char* const* argv);

/// All but inputs and the time of finishing, which each result fills in. Collective.
/// \param config    the resolved configuration, YAML
/// \param strategy  how the work was done
/// \param roles     of all ranks
Provenance make_provenance(int argc, const char* const* argv, std::string config, std::string strategy,
                           const comm::Communicator& world, const Roles& roles);

/// "3 NVIDIA A100-SXM4-40GB, 1 NVIDIA A100-SXM4-80GB": each GPU once, however many ranks share it. Collective.
std::string describe_gpus(const comm::Communicator& world, const Roles& roles);

/// "2 nodes, 64 ranks each, 1 thread a rank"; "3 nodes, 8 to 64 ranks each, ..."
std::string describe_layout(const Roles& roles, std::size_t threads);

/// What Slurm tells a process of its job, "" without Slurm. \param variable  looks up a variable of the environment, "" if it isn't set
std::string describe_slurm(const std::function<std::string(const char* name)>& variable);

}  // namespace zspex::pipeline
