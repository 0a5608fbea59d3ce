/// \file
/// Signals that end the program: half-written files go away before the program does.
#pragma once

namespace zspex::pipeline {

/// Watches for SIGTERM, SIGINT, SIGUSR1 and their like from a thread of its own, so that removing files needs no care for what a
/// signal handler may do. Make it first in main: threads that start later inherit that they don't take these signals.
///
/// On a signal, temporary files and empty folders of this process are removed and the process ends by that signal, which tells the
/// shell, mpirun or Slurm why; mpirun then ends the other ranks the same way.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
};

}  // namespace zspex::pipeline
