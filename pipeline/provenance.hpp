/// \file
/// Where results come from: program, command, machine, libraries.
#pragma once

#include <string>
#include <string_view>

#include "core/provenance.hpp"

namespace zspex::pipeline {

/// The git revision that was built, for example "6f1c2a9d01b3-dirty"; "unknown" without git.
std::string_view program_revision();

/// The words of a command line, quoted where a shell would need it.
std::string quote_command(int argc, const char* const* argv);

/// All but inputs and the time of finishing, which each result fills in.
/// \param config    the resolved configuration, YAML
/// \param strategy  how the work was done
Provenance make_provenance(int argc, const char* const* argv, std::string config, std::string strategy, int nranks);

}  // namespace zspex::pipeline
