/// \file
/// The memory of a strategy, before any is taken: on ranks, nodes and GPUs.
#pragma once

#include <cstddef>
#include <string>

#include "config/machine_config.hpp"
#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/redshift/strategy.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

/// Where a strategy runs: nodes that are alike.
struct Deployment {
  int nodes = 1, ranks = 1;    ///< ranks of a node
  int gpu_ranks = 0;           ///< of these
  int gpus = 0;                ///< of a node; several GPU ranks may use one
  double gpu_capacity = 1;     ///< targets of a GPU rank, times those of a CPU rank; 1 where all get as many
  bool host_fallback = false;  ///< the host takes the place of the GPUs, with its memory

  int ranks_per_gpu() const { return gpus > 0 ? (gpu_ranks + gpus - 1) / gpus : 1; }
  double all_ranks() const;
  /// Part of all targets that goes to one rank.
  double share(bool on_gpu) const;
};

/// How a strategy is deployed. \throws ConfigError for more GPU ranks than GPUs or ranks, or no GPU at all
Deployment deploy(const Strategy& strategy, const config::RedshiftConfig& config, const config::MachineConfig& machine,
                  bool host_fallback);

/// Bytes: what there is at any number of targets, and what comes with each target that is held at a time.
struct Bytes {
  double fixed = 0, target = 0;
  double of(double ntarget) const { return fixed + target * ntarget; }
  friend Bytes operator+(const Bytes& a, const Bytes& b) { return {a.fixed + b.fixed, a.target + b.target}; }
};

struct Footprint {
  double base = 0;           ///< of each rank: the program, templates
  Bytes cpu_rank, gpu_rank;  ///< of one rank's own: its spectra, rebinned templates
  Bytes reading;             ///< more of each rank's own, while its targets are read, at most
  double reading_one = 0;    ///< of this, a target's
  Bytes scanning;            ///< more of each rank's own after that: scans and their refinement
  Bytes node;                ///< of what the ranks of a node share
  double gpu_base = 0;       ///< of each rank that uses a GPU, on it: its context, templates
  Bytes gpu;                 ///< the same, of its work
  Bytes root;                ///< more on the first rank: the results of all targets
  double target = 0;         ///< of one target, its spectra and scans: what travels where targets are dealt anew
};

/// \param targets    those with most exposures count
/// \param overheads  of processes, from the machine
/// \param ntarget    how many there are
/// \param host_fallback   the host takes the place of the GPUs
Footprint footprint_of(const Strategy& strategy, const kernels::RedshiftFitter& fitter, const TargetList& targets,
                       const config::RedshiftConfig& config, const config::MachineConfig& overheads, bool host_fallback,
                       std::size_t ntarget);

/// The memory of a run.
struct ScanMemory {
  std::size_t nround = 1, round = 0;  ///< rounds of so many targets, at most
  double cpu_rank = 0, gpu_rank = 0;  ///< bytes of a rank's own; 0 where there is no such rank
  double root = 0;                    ///< of the first rank
  double shared = 0, node = 0;        ///< of what the ranks of a node share; of a node in all
  double gpu = 0;                     ///< of a GPU, all ranks that use it
  double least = 0;                   ///< bytes that would do of what there is too little of; 0: all fits
  std::string too_little;             ///< what doesn't fit, with the number and what to do; empty: all fits
};

/// \param machine  its memory and that of its GPUs are bounds; a GPU of 0 GiB: none is known
ScanMemory plan_scan_memory(const Footprint& footprint, const Deployment& deployment, const Strategy& strategy,
                            const config::RedshiftConfig& config, const config::MachineConfig& machine,
                            std::size_t ntarget);

}  // namespace zspex::pipeline
