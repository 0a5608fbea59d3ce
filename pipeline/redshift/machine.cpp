#include "pipeline/redshift/machine.hpp"

#include <algorithm>
#include <limits>

#include "core/format.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
config::MachineConfig this_machine(const comm::Communicator& world, const Roles& roles) {
  struct Facts {
    double memory, overhead, gpu_memory, gpu_used;
    int gpus;
  };
  // Asking a GPU for its memory takes some of it: only those do that use it.
  const bool on_gpu = roles.ranks[static_cast<std::size_t>(world.rank())].on_gpu;
  const kernels::DeviceMemory device = on_gpu ? kernels::device_memory() : kernels::DeviceMemory();
  const Facts mine{node_memory() * roles.node_share, static_cast<double>(resident_memory()),
                   static_cast<double>(device.total) * roles.gpu_share, static_cast<double>(device.total - device.free),
                   roles.gpus};
  config::MachineConfig machine;
  machine.name = "this machine";
  machine.nodes = roles.nnode;
  for (int node = 0; node < roles.nnode; ++node) machine.ranks = std::max(machine.ranks, roles.ranks_of(node));
  double memory = std::numeric_limits<double>::infinity(), overhead = 0, gpu_used = 0;
  for (const Facts& facts : comm::all_gather(world, mine)) {
    memory = std::min(memory, facts.memory);
    overhead = std::max(overhead, facts.overhead);
    machine.gpus = std::max(machine.gpus, facts.gpus);
    machine.gpu_memory = std::max(machine.gpu_memory, facts.gpu_memory / gibibyte);
    gpu_used = std::max(gpu_used, facts.gpu_used / mebibyte);
  }
  machine.memory = memory / gibibyte;
  machine.rank_overhead = overhead / mebibyte;
  // All ranks that use a GPU have their contexts by now.
  int ranks_per_gpu = 1;
  for (const Role& role : roles.ranks) ranks_per_gpu = std::max(ranks_per_gpu, role.ranks_per_gpu);
  if (gpu_used > 0) machine.gpu_overhead = gpu_used / ranks_per_gpu;
  return machine;
}

}  // namespace zspex::pipeline
