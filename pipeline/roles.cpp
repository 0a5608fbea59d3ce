#include "pipeline/roles.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "config/base/error.hpp"
#include "pipeline/comm/agree.hpp"

namespace zspex::pipeline {
namespace {

using Gpu = std::uint64_t;                   // a name, hashed: only equality counts
using Seen = std::vector<std::vector<Gpu>>;  // [rank of the node] in its own order

/// The same in all processes, which std::hash does not promise.
Gpu hash_of(const std::string& name) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
  return hash;
}

[[noreturn]] void refuse(const std::string& what) { throw ConfigError("configuration", "redshift.gpu_ranks", what); }

int number_of(const std::vector<Gpu>& seen, Gpu gpu) {
  return static_cast<int>(std::find(seen.begin(), seen.end(), gpu) - seen.begin());
}

/// For each rank of a node the GPU that it uses: all of them, in turn.
std::map<int, Gpu> all_ranks(const Seen& seen) {
  std::map<int, Gpu> users;
  for (int rank = 0; rank < static_cast<int>(seen.size()); ++rank) {
    const auto& mine = seen[static_cast<std::size_t>(rank)];
    if (mine.empty())
      refuse(
          "expected a GPU for each rank with this strategy, found none that rank " + std::to_string(rank) +
          " of a node sees. Look at nvidia-smi (or rocm-smi), CUDA_VISIBLE_DEVICES and Slurm's GPU binding, or choose "
          "another strategy.");
    users[rank] = mine[static_cast<std::size_t>(rank) % mine.size()];
  }
  return users;
}

/// One rank a GPU, spread over the ranks: their cores are on different sockets then, as the GPUs are.
std::map<int, Gpu> some_ranks(const Seen& seen, int wanted, bool needed) {
  std::vector<Gpu> gpus;  // in the order in which they are first seen
  for (const auto& mine : seen)
    for (const Gpu gpu : mine)
      if (std::find(gpus.begin(), gpus.end(), gpu) == gpus.end()) gpus.push_back(gpu);
  const int ngpu = static_cast<int>(gpus.size()), nrank = static_cast<int>(seen.size());
  if (ngpu == 0 && wanted == 0 && !needed) return {};
  if (ngpu == 0)
    refuse(
        "expected a GPU on each node, found none. Look at nvidia-smi (or rocm-smi) and CUDA_VISIBLE_DEVICES, or "
        "choose strategy CPU.");
  if (wanted > ngpu)
    refuse("expected at most as many GPU ranks as GPUs, found " + std::to_string(wanted) + " for " +
           std::to_string(ngpu) + " of a node. Lower gpu_ranks, or leave it out: 0 is one a GPU.");
  if (wanted > nrank)
    refuse("expected at most as many GPU ranks as ranks, found " + std::to_string(wanted) + " for " +
           std::to_string(nrank) + " of a node. Start more ranks, or lower gpu_ranks.");
  if (wanted == 0) wanted = std::min(ngpu, nrank);
  std::map<int, Gpu> users;
  for (int i = 0; i < wanted; ++i) {
    const auto fits = [&](int rank) {
      const auto& mine = seen[static_cast<std::size_t>(rank)];
      return users.count(rank) == 0 &&
             std::find(mine.begin(), mine.end(), gpus[static_cast<std::size_t>(i)]) != mine.end();
    };
    const int best = i * nrank / wanted;
    for (int step = 0; step < nrank; ++step) {
      const int rank = (best + step) % nrank;
      if (!fits(rank)) continue;
      users[rank] = gpus[static_cast<std::size_t>(i)];
      break;
    }
  }
  return users;
}

/// The same where the host stands for one GPU a node.
std::map<int, Gpu> stand_ins(int nrank, GpuUse use, int wanted) {
  if (use == GpuUse::some && wanted > nrank)
    refuse("expected at most as many GPU ranks as ranks, found " + std::to_string(wanted) + " for " +
           std::to_string(nrank) + " of a node. Start more ranks, or lower gpu_ranks.");
  const int n = use == GpuUse::all ? nrank : std::max(wanted, 1);
  std::map<int, Gpu> users;
  for (int i = 0; i < n; ++i) users[i * nrank / n] = 0;
  return users;
}

}  // namespace

int Roles::ranks_of(int node) const {
  return static_cast<int>(
      std::count_if(ranks.begin(), ranks.end(), [&](const Role& role) { return role.node == node; }));
}

int Roles::gpu_ranks_of(int node) const {
  return static_cast<int>(
      std::count_if(ranks.begin(), ranks.end(), [&](const Role& role) { return role.node == node && role.on_gpu; }));
}

Roles assign_roles(const comm::Communicator& world, const comm::Communicator& node, GpuUse use, int gpu_ranks,
                   const std::vector<std::string>& visible, bool gpu_program) {
  std::vector<Gpu> mine;
  for (const std::string& name : visible) mine.push_back(hash_of(name));
  const Seen seen = comm::all_gather_lists(node, mine);
  std::map<int, Gpu> users;
  comm::agree(world, "", [&] {
    if (use == GpuUse::none || (use == GpuUse::some_if_any && !gpu_program)) return;
    if (!gpu_program)
      users = stand_ins(node.size(), use, gpu_ranks);
    else
      users = use == GpuUse::all ? all_ranks(seen) : some_ranks(seen, gpu_ranks, use == GpuUse::some);
  });
  Role role;
  if (const auto user = users.find(node.rank()); user != users.end()) {
    role.on_gpu = true;
    role.device = gpu_program ? number_of(mine, user->second) : -1;
    role.sharers = static_cast<int>(
        std::count_if(users.begin(), users.end(), [&](const auto& other) { return other.second == user->second; }));
  }
  const std::vector<int> lowest = comm::all_gather(world, comm::all_gather(node, world.rank()).front());
  std::vector<int> nodes = lowest;
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  role.node = static_cast<int>(
      std::lower_bound(nodes.begin(), nodes.end(), lowest[static_cast<std::size_t>(world.rank())]) - nodes.begin());
  Roles roles;
  roles.ranks = comm::all_gather(world, role);
  roles.nnode = static_cast<int>(nodes.size());
  std::set<Gpu> distinct;
  for (const auto& one : seen) distinct.insert(one.begin(), one.end());
  roles.gpus = gpu_program ? static_cast<int>(distinct.size()) : 1;
  return roles;
}

}  // namespace zspex::pipeline
