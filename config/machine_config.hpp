/// \file
/// A machine as plans and the choice of a strategy see it: how much of what there is, and how fast it is.
#pragma once

#include <string>

namespace zspex::config {

/// Section `machine`, in a file of its own. Rates count the operations that the algorithm needs (docs/performance_model.md), so
/// that they can be compared with what a processor could do.
struct MachineConfig {
  std::string name;            ///< for people
  int nodes = 1, ranks = 1;    ///< ranks of each node
  double memory = 4;           ///< GiB of each node
  int gpus = 0;                ///< of each node
  double gpu_memory = 0;       ///< GiB of each
  double rank_overhead = 100;  ///< MiB of a process before it does anything: the program, MPI's libraries
  double gpu_overhead = 600;   ///< MiB of a GPU that each process which uses it takes

  // One core, with all others of its node at work.
  double host_rebin = 0.1;  ///< 1e9 values/s of templates averaged over pixels
  double host_scan = 30;    ///< 1e9 operations/s of R x basis, products and solution, in the scan's precision
  double host_fine = 15;    ///< the same in double
  // One GPU.
  double gpu_rebin = 10, gpu_scan = 1000, gpu_fine = 500;
  double gpu_bandwidth = 12;  ///< 1e9 bytes/s from the host's memory to a GPU
  double ring_bandwidth = 3;  ///< 1e9 bytes/s from one rank to the next, with all others sending
};

}  // namespace zspex::config
