/// \file
/// A machine as plans and the choice of a strategy see it: how much of what there is, and how fast it is.
#pragma once

#include <cmath>
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

  // What small pieces, many ranks and several nodes cost. The defaults cost nothing.
  int cores = 0;           ///< of each node; 0 = one for each rank
  double thread_gain = 1;  ///< work of all hardware threads of a core, times that of one of them alone
  double jitter = 0;       ///< by how much of their mean the slowest of a node's ranks takes longer for the same work
  double gpu_launch = 0;   ///< microseconds of a launch, before any fit
  double gpu_half_batch = 0;     ///< fits (targets times redshifts) of a launch with which a GPU has half its speed
  double gpu_sharing = 1;        ///< speed of a GPU that several ranks use, times that with one
  double ring_latency = 0;       ///< microseconds of a message from a rank to the next
  double network_bandwidth = 0;  ///< 1e9 bytes/s from a node to the next; 0 = as in a node
  double network_latency = 0;    ///< microseconds of a message from a node to the next
  double memory_bandwidth = 0;   ///< 1e9 bytes/s of a node's memory, all ranks together; 0 = not known
  double fresh_memory = 0;  ///< 1e9 bytes/s of memory that a rank takes and touches for the first time; 0 = at once
  double disk_read = 0;     ///< 1e9 bytes/s, one rank; 0 = not known
  double disk_write = 0;
  double start = 0;          ///< seconds of a rank's start, until it knows its job
  double target_read = 0;    ///< milliseconds of a target on the rank that fits it: read, masked, packed
  double target_serial = 0;  ///< milliseconds of a target on the first rank alone: gathered, ranked, written
  double frame_core = 0;     ///< seconds of one core for a frame of 500 fibers: extraction's kernels; 0 = not known
  double frame_serial = 0;   ///< seconds of a frame on one rank alone: read and written
  double template_copies =
      1;  ///< of each rebinned template in GPU_V3 to GPU_V5, in double where more than 1: as programs need that make
          ///< products from copies
  /// The speed of each of so many threads of a node, times that of one with a core for itself.
  double part_of_core(double threads) const {
    return cores == 0 || threads <= cores ? 1 : thread_gain / std::ceil(threads / cores);
  }

  std::string measured_by;  ///< the program whose rates these are: its version and backend; empty: they are estimates
};

}  // namespace zspex::config
