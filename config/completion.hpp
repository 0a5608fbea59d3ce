/// \file
/// The schema as what shells complete a command line with: jobs, options, and values that have names.
#pragma once

#include <string>

namespace zspex::config {

/// A script for bash 3.2 or newer, that needs nothing else. `zspex completion bash` prints it.
std::string bash_completion();

/// A function for zsh's completion system, a file _zspex of $fpath. `zspex completion zsh` prints it.
std::string zsh_completion();

}  // namespace zspex::config
