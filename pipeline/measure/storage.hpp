/// \file
/// Memory and disk.
#pragma once

#include <string>

#include "config/machine_config.hpp"
#include "pipeline/measure/ranks.hpp"
#include "pipeline/measure/table.hpp"

namespace zspex::pipeline::measure {

struct StorageMeasured {
  double array = 0;  ///< bytes of each of a rank's three arrays
  double alone = 0,
         node = 0;         ///< bytes/s of memory: one rank with the others asleep; all ranks of a node, of the slowest
  double fresh = 0;        ///< bytes/s of memory that a rank touches for the first time
  std::string folder;      ///< on whose disk; on the root
  bool in_memory = false;  ///< it is a file system in memory
  double written = 0;      ///< bytes of the file
  double read_rate = 0, write_rate = 0;  ///< bytes/s of the root, up to the disk and from it
};

/// Collective. \throws AgreedError when the folder can't be written to
StorageMeasured measure_storage(const Ranks& ranks, const Sizes& sizes, const std::string& folder, double node_memory,
                                double seconds);

Section describe(const StorageMeasured& measured);
void fill(const StorageMeasured& measured, config::MachineConfig& machine);

}  // namespace zspex::pipeline::measure
