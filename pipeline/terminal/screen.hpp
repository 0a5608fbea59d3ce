/// \file
/// Whether somebody watches a job, and on how wide a screen.
#pragma once

#include <string>

#include "config/job_config.hpp"
#include "pipeline/terminal/progress.hpp"

namespace zspex::terminal {

/// Where the output of the launcher (mpirun, mpiexec, prterun, ...) goes that started a process: its path, as in
/// /proc/PID/fd/1. Open MPI's mpirun gives each rank on its own node a pseudo-terminal and copies what is written there.
/// \param proc  the folder /proc
/// \return "" where no launcher is among the process and those that it descends from, or the system doesn't tell
std::string launcher_output(const std::string& proc, long process);

/// How to show progress on a file descriptor (1 = standard output).
/// \param wanted  auto: a bar on a terminal, if the launcher's output is one as well, else lines
Progress::Style progress_style(config::ProgressShow wanted, int descriptor);

}  // namespace zspex::terminal
