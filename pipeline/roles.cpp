#include "pipeline/roles.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "core/error.hpp"
#include "core/format.hpp"
#include "pipeline/comm/agree.hpp"

namespace zspex::pipeline {
namespace {

using Gpu = std::uint64_t;  // a name, hashed: only equality counts

/// What one rank sees of a GPU. Plain numbers: travels as it is.
struct Sight {
  Gpu gpu = 0;
  std::uint64_t near = 0;  ///< 1: it is beside the rank's cores
};
using Seen = std::vector<std::vector<Sight>>;  // [rank of the node] in its own order

/// The same in all processes, which std::hash does not promise.
Gpu hash_of(const std::string& name) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
  return hash;
}

template <class... Args>
[[noreturn]] void refuse(const GpuRequest& request, fmt::format_string<Args...> what, Args&&... args) {
  throw ConfigError("configuration", request.key, fmt::format(what, std::forward<Args>(args)...));
}

const std::vector<Sight>& seen_by(const Seen& seen, int rank) { return seen[static_cast<std::size_t>(rank)]; }

int number_of(const std::vector<Sight>& mine, Gpu gpu) {
  return static_cast<int>(std::find_if(mine.begin(), mine.end(), [&](const Sight& sight) { return sight.gpu == gpu; }) -
                          mine.begin());
}

/// All GPUs of a node, those first that are near to its first ranks.
std::vector<Gpu> gpus_of(const Seen& seen) {
  std::vector<Gpu> gpus;
  for (const bool only_near : {true, false})
    for (const auto& mine : seen)
      for (const Sight& sight : mine)
        if ((sight.near != 0 || !only_near) && std::find(gpus.begin(), gpus.end(), sight.gpu) == gpus.end())
          gpus.push_back(sight.gpu);
  return gpus;
}

/// For each rank of a node the GPU that it uses: a near one as far as all GPUs have as many ranks, then those with the fewest.
std::map<int, Gpu> all_ranks(const Seen& seen, const GpuRequest& request) {
  const int nrank = static_cast<int>(seen.size());
  for (int rank = 0; rank < nrank; ++rank)
    if (seen_by(seen, rank).empty())
      refuse(request,
             "expected a GPU for each rank, found none that rank {} of a node sees. Look at nvidia-smi (or rocm-smi), "
             "CUDA_VISIBLE_DEVICES and Slurm's GPU binding, or {}.",
             rank, request.otherwise);
  const int ngpu = static_cast<int>(gpus_of(seen).size()), most = std::max(1, nrank / ngpu);
  std::map<int, Gpu> users;
  std::map<Gpu, int> count;
  for (const bool only_near : {true, false})
    for (int rank = 0; rank < nrank; ++rank) {
      if (users.count(rank) != 0) continue;
      const Sight* best = nullptr;  // the one with the fewest ranks
      for (const Sight& sight : seen_by(seen, rank)) {
        if (only_near && (sight.near == 0 || count[sight.gpu] == most)) continue;
        if (!best || count[sight.gpu] < count[best->gpu]) best = &sight;
      }
      if (!best) continue;
      users[rank] = best->gpu;
      ++count[best->gpu];
    }
  return users;
}

/// One rank per GPU, spread over the ranks: their cores are on different sockets then, as the GPUs are.
std::map<int, Gpu> some_ranks(const Seen& seen, const GpuRequest& request) {
  int wanted = request.gpu_ranks;
  const std::vector<Gpu> gpus = gpus_of(seen);
  const int ngpu = static_cast<int>(gpus.size()), nrank = static_cast<int>(seen.size());
  if (ngpu == 0 && wanted == 0 && request.use == GpuUse::some_if_any) return {};
  if (ngpu == 0)
    refuse(request,
           "expected a GPU on each node, found none. Look at nvidia-smi (or rocm-smi) and CUDA_VISIBLE_DEVICES, or {}.",
           request.otherwise);
  check_gpus_suffice(request.key, wanted, ngpu);
  check_ranks_suffice(request.key, wanted, nrank);
  wanted = choose_gpu_ranks(wanted, request.max_gpu_ranks, ngpu, nrank);
  std::map<int, Gpu> users;
  std::set<int> served;  // GPUs
  for (const bool only_near : {true, false})
    for (int i = 0; i < wanted; ++i) {
      if (served.count(i) != 0) continue;
      const Gpu gpu = gpus[static_cast<std::size_t>(i)];
      const auto fits = [&](int rank) {
        const auto& mine = seen_by(seen, rank);
        return users.count(rank) == 0 && std::any_of(mine.begin(), mine.end(), [&](const Sight& sight) {
                 return sight.gpu == gpu && (sight.near != 0 || !only_near);
               });
      };
      const int best = i * nrank / wanted;
      for (int step = 0; step < nrank; ++step) {
        const int rank = (best + step) % nrank;
        if (!fits(rank)) continue;
        users[rank] = gpu;
        served.insert(i);
        break;
      }
    }
  return users;
}

/// The same for the host fallback: one GPU per node.
std::map<int, Gpu> host_fallbacks(int nrank, const GpuRequest& request) {
  if (request.use == GpuUse::some) check_ranks_suffice(request.key, request.gpu_ranks, nrank);
  const int n = request.use == GpuUse::all ? nrank : std::max(request.gpu_ranks, 1);
  std::map<int, Gpu> users;
  for (int i = 0; i < n; ++i) users[i * nrank / n] = 0;
  return users;
}

}  // namespace

void check_gpus_suffice(const std::string& key, int gpu_ranks, int ngpu) {
  if (gpu_ranks > ngpu)
    throw ConfigError("configuration", key,
                      fmt::format("expected at most as many GPU ranks as GPUs, found {} for {} of a node. Lower "
                                  "gpu_ranks, or leave it out: 0 is one per GPU.",
                                  gpu_ranks, ngpu));
}

void check_ranks_suffice(const std::string& key, int gpu_ranks, int nrank) {
  if (gpu_ranks > nrank)
    throw ConfigError("configuration", key,
                      fmt::format("expected at most as many GPU ranks as ranks, found {} for {} of a node. Start more "
                                  "ranks, or lower gpu_ranks.",
                                  gpu_ranks, nrank));
}

int choose_gpu_ranks(int gpu_ranks, int most, int ngpu, int nrank) {
  if (gpu_ranks > 0) return gpu_ranks;
  const int possible = std::min(ngpu, nrank);
  return most > 0 ? std::min(most, possible) : possible;
}

std::string gpu_text(const Role& role) {
  return !role.on_gpu ? "-" : role.device < 0 ? "(0)" : std::to_string(role.device);
}

int Roles::ranks_of(int node) const {
  return static_cast<int>(
      std::count_if(ranks.begin(), ranks.end(), [&](const Role& role) { return role.node == node; }));
}

int Roles::gpu_ranks_of(int node) const {
  return static_cast<int>(
      std::count_if(ranks.begin(), ranks.end(), [&](const Role& role) { return role.node == node && role.on_gpu; }));
}

Roles assign_roles(const comm::Communicator& world, const comm::Communicator& node, const GpuRequest& request,
                   const VisibleGpus& visible, bool gpu_program) {
  std::vector<Sight> mine;
  for (std::size_t i = 0; i < visible.names.size(); ++i)
    mine.push_back({hash_of(visible.names[i]), i < visible.near.size() && visible.near[i] != 0 ? 1U : 0U});
  const Seen seen = comm::all_gather_lists(node, mine);
  std::map<int, Gpu> users;
  comm::agree(world, "", [&] {
    if (request.use == GpuUse::none || (request.use == GpuUse::some_if_any && !gpu_program)) return;
    if (!gpu_program)
      users = host_fallbacks(node.size(), request);
    else
      users = request.use == GpuUse::all ? all_ranks(seen, request) : some_ranks(seen, request);
  });
  Role role;
  if (const auto user = users.find(node.rank()); user != users.end()) {
    role.on_gpu = true;
    role.device = gpu_program ? number_of(mine, user->second) : -1;
    role.ranks_per_gpu = static_cast<int>(
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
  roles.gpus = gpu_program ? static_cast<int>(gpus_of(seen).size()) : 1;
  return roles;
}

}  // namespace zspex::pipeline
