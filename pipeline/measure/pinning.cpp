#include "pipeline/measure/pinning.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/format.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/nearness.hpp"

namespace zspex::pipeline::measure {
namespace {

/// Indices of the cores that hold some processors.
std::set<std::size_t> cores_of(const std::vector<int>& processors, const Cores& cores) {
  std::set<std::size_t> held;
  for (std::size_t icore = 0; icore < cores.size(); ++icore)
    for (const int processor : cores[icore])
      if (std::find(processors.begin(), processors.end(), processor) != processors.end()) held.insert(icore);
  return held;
}

/// "0, 1, 2 and 5 more"
std::string some_of(const std::vector<std::size_t>& numbers) {
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, numbers.size()); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
  if (numbers.size() > most) text += fmt::format(" and {} more", numbers.size() - most);
  return text;
}

}  // namespace

Cores read_cores(const std::string& cpus, const std::string& allowed) {
  const std::vector<int> may = read_cpulist(allowed);
  std::set<std::vector<int>> cores;
  for (const int processor : read_cpulist(cpus + "/online")) {
    auto threads = read_cpulist(fmt::format("{}/cpu{}/topology/thread_siblings_list", cpus, processor));
    if (threads.empty()) threads = {processor};
    if (!may.empty())
      std::erase_if(threads, [&](int thread) { return std::find(may.begin(), may.end(), thread) == may.end(); });
    if (!threads.empty()) cores.insert(threads);
  }
  return {cores.begin(), cores.end()};
}

std::vector<Binding> gather_bindings(const Ranks& ranks) {
  const auto processors = comm::all_gather_lists(ranks.world, allowed_processors());
  const auto threads = comm::all_gather(ranks.world, static_cast<int>(kernels::host_concurrency()));
  std::vector<Binding> bindings;
  for (std::size_t i = 0; i < threads.size(); ++i)
    bindings.push_back({ranks.roles.ranks[i].node, threads[i], processors[i]});
  return bindings;
}

std::vector<std::string> binding_faults(const std::vector<Binding>& ranks, const Cores& cores) {
  if (cores.empty()) return {};
  // Ranks of a node that may run on the same cores; and those of its cores that anybody may use.
  std::map<std::pair<int, std::set<std::size_t>>, std::vector<std::size_t>> groups;
  std::map<int, std::set<std::size_t>> used;
  std::map<int, std::size_t> threads_of_node;
  std::vector<std::string> faults;
  for (std::size_t irank = 0; irank < ranks.size(); ++irank) {
    const Binding& rank = ranks[irank];
    const auto held = cores_of(rank.processors, cores);
    if (held.empty()) return {};  // Linux doesn't tell, or the nodes differ
    groups[{rank.node, held}].push_back(irank);
    used[rank.node].insert(held.begin(), held.end());
    threads_of_node[rank.node] += static_cast<std::size_t>(rank.threads);
  }
  std::vector<std::size_t> narrow;
  for (const auto& [place, members] : groups) {
    const auto& [node, held] = place;
    const bool others_are_free = used[node].size() < cores.size();
    std::size_t threads = 0;
    for (const std::size_t irank : members) {
      threads += static_cast<std::size_t>(ranks[irank].threads);
      if (static_cast<std::size_t>(ranks[irank].threads) > ranks[irank].processors.size()) narrow.push_back(irank);
    }
    if (members.size() > 1 && threads > held.size() && others_are_free && held.size() < cores.size())
      faults.push_back(fmt::format(
          "Expected a core for each rank, found ranks {} of node {} bound to the same {} while {} of the node {} used "
          "by nobody. Start them with mpirun --bind-to core, or srun --cpu-bind=cores.",
          some_of(members), node,
          held.size() == 1 ? fmt::format("core ({})", *held.begin()) : counted(held.size(), "core"),
          cores.size() - used[node].size(), cores.size() - used[node].size() == 1 ? "is" : "are"));
  }
  if (!narrow.empty()) {
    const Binding& rank = ranks[narrow.front()];
    faults.push_back(fmt::format(
        "Expected a core for each thread of a rank, found {} threads and {} in rank {}. Start with mpirun --map-by "
        "slot:PE={} --bind-to core, or srun --cpus-per-task={} --cpu-bind=cores; or set OMP_NUM_THREADS={}.",
        rank.threads, counted(rank.processors.size(), "processor"), some_of(narrow), rank.threads, rank.threads,
        rank.processors.size()));
  }
  for (const auto& [node, threads] : threads_of_node)
    if (faults.empty() && threads > cores.size())
      faults.push_back(fmt::format(
          "Expected at most a rank or thread for each core, found {} on the {} of node {}: rates are those of "
          "a part of a core. Start fewer.",
          threads, counted(cores.size(), "core"), node));
  return faults;
}

int cores_of_rank(const std::vector<Binding>& ranks, std::size_t irank, const Cores& cores) {
  const auto held = cores_of(ranks[irank].processors, cores);
  std::size_t sharing = 0;
  for (const Binding& other : ranks)
    if (other.node == ranks[irank].node && cores_of(other.processors, cores) == held) ++sharing;
  return static_cast<int>(std::max<std::size_t>(1, held.size() / std::max<std::size_t>(1, sharing)));
}

}  // namespace zspex::pipeline::measure
