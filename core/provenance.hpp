/// \file
/// Where a result comes from.
#pragma once

#include <string>
#include <vector>

namespace zspex {

/// Where a result came from; becomes /provenance of an HDF5 file and cards of a FITS header.
struct Provenance {
  std::string version, revision, command, host, kokkos, mpi, strategy;
  std::string config;   ///< the resolved configuration, YAML text
  std::string sources;  ///< the files that it came from as they were: a line each, name, bytes, time of change
  int nranks = 1;
  std::string started, finished;    ///< ISO 8601, UTC
  std::vector<std::string> inputs;  ///< paths
};

}  // namespace zspex
