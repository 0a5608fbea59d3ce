/// \file
/// On which cores ranks may run, and whether that is as it should be.
#pragma once

#include <string>
#include <vector>

#include "pipeline/measure/ranks.hpp"

namespace zspex::pipeline::measure {

/// The cores of a node, each with the numbers of its hardware threads.
using Cores = std::vector<std::vector<int>>;

/// Those of this node that the system lets programs use. Empty if Linux doesn't tell.
Cores read_cores(const std::string& cpus = "/sys/devices/system/cpu",
                 const std::string& allowed = "/sys/fs/cgroup/cpuset.cpus.effective");

/// Where a rank may run.
struct Binding {
  int node = 0, threads = 1;    ///< threads of the rank
  std::vector<int> processors;  ///< hardware threads
};
/// Of all ranks. Collective.
std::vector<Binding> gather_bindings(const Ranks& ranks);

/// What is wrong, in sentences: ranks that share too few cores while others are free, a rank with more threads than it may
/// use, more ranks than cores. Empty: nothing.
/// \param cores  of each node
std::vector<std::string> binding_faults(const std::vector<Binding>& ranks, const Cores& cores);

/// Cores that a rank has for itself: its own, divided by the ranks that may run on the same; at least 1.
int cores_of_rank(const std::vector<Binding>& ranks, std::size_t irank, const Cores& cores);

}  // namespace zspex::pipeline::measure
