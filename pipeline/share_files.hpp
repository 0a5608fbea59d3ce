/// \file
/// Which files a job reads and writes, as one rank sees them.
#pragma once

#include "config/command_line.hpp"
#include "pipeline/comm/communicator.hpp"

namespace zspex::pipeline {

/// The root's frames or runs to all ranks: on another node a list may say something else, and a folder may not be there.
/// \param line  of the root, with its files looked up; of the others, the same command without. Collective.
void share_files(const comm::Communicator& world, config::CommandLine& line);

}  // namespace zspex::pipeline
