/// \file
/// Where a result comes from.
#pragma once

#include <string>
#include <vector>

namespace zspex {

/// Where a result came from; becomes /provenance of an HDF5 file and cards of a FITS header.
struct Provenance {
  std::string version, revision, command, host, kokkos, mpi, strategy;
  std::string compiler;  ///< "GNU 12.2.0, Release, -O3 -DNDEBUG"
  std::string layout;    ///< "2 nodes, 64 ranks each, 1 thread a rank"
  std::string gpus;      ///< "4 NVIDIA A100-SXM4-40GB"; empty: none were used
  std::string slurm;     ///< "job 1234, step 0, on perlmutter"; empty outside of Slurm
  std::string config;    ///< the resolved configuration, YAML text
  std::string sources;   ///< the files that it came from as they were: a line each, name, bytes, time of change
  int nranks = 1;
  std::string started, finished;    ///< ISO 8601, UTC
  std::vector<std::string> inputs;  ///< paths
};

}  // namespace zspex
