#include "pipeline/rank_groups.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <queue>
#include <set>
#include <utility>

namespace zspex::pipeline {
namespace {

std::map<int, int> ranks_of_nodes(const std::vector<Role>& ranks) {
  std::map<int, int> count;
  for (const Role& role : ranks) ++count[role.node];
  return count;
}

int largest_node(const std::vector<Role>& ranks) {
  int most = 1;
  for (const auto& [node, n] : ranks_of_nodes(ranks)) most = std::max(most, n);
  return most;
}

/// Sizes that make different groups: parts of a node, whole nodes, and all ranks.
std::vector<int> possible_sizes(const std::vector<Role>& ranks) {
  const int node = largest_node(ranks), nrank = static_cast<int>(ranks.size());
  std::set<int> sizes = {nrank};
  for (int parts = 1; parts <= node; ++parts) sizes.insert(node / parts);
  for (int size = node; size < nrank; size += node) sizes.insert(size);
  return {sizes.begin(), sizes.end()};
}

struct Capacities {
  std::vector<double> of;  ///< [ngroup]
  bool gpu_in_all = true;  ///< or there is none at all
  int most_on_node = 0;    ///< groups
};

Capacities capacities_of(const std::vector<Role>& ranks, const std::vector<int>& groups, double gpu_capacity) {
  const auto ngroup = static_cast<std::size_t>(*std::max_element(groups.begin(), groups.end()) + 1);
  Capacities all;
  all.of.resize(ngroup, 0);
  std::set<int> with_gpu;
  std::map<int, std::set<int>> on_node;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const bool gpu = ranks[rank].on_gpu;
    all.of[static_cast<std::size_t>(groups[rank])] += gpu ? gpu_capacity : 1;
    if (gpu) with_gpu.insert(groups[rank]);
    on_node[ranks[rank].node].insert(groups[rank]);
  }
  all.gpu_in_all = with_gpu.empty() || with_gpu.size() == ngroup;
  for (const auto& [node, there] : on_node)
    all.most_on_node = std::max(all.most_on_node, static_cast<int>(there.size()));
  return all;
}

/// Of a run, by a group.
double seconds_of(const RunCost& run, double capacity) { return run.alone + std::max(run.hidden, run.work / capacity); }

/// When somebody is free, and who; the first is free first.
using Free = std::pair<double, std::size_t>;
using Queue = std::priority_queue<Free, std::vector<Free>, std::greater<>>;

/// Seconds until groups are done with all runs of their share.
double time_of(const std::vector<double>& capacities, const std::vector<RunCost>& runs,
               const std::vector<std::size_t>& share) {
  Queue groups;
  for (std::size_t i = 0; i < capacities.size(); ++i) groups.emplace(0.0, i);
  double end = 0;
  for (const std::size_t run : share) {
    const auto [begin, group] = groups.top();
    groups.pop();
    const double done = begin + seconds_of(runs[run], capacities[group]);
    groups.emplace(done, group);
    end = std::max(end, done);
  }
  return end;
}

/// Capacities of the groups of each share, [nshare][groups].
std::vector<std::vector<double>> capacities_of_shares(const Shares& shares, const std::vector<double>& of_group) {
  std::vector<std::vector<double>> all(shares.runs.size());
  for (std::size_t group = 0; group < of_group.size(); ++group)
    all[static_cast<std::size_t>(shares.of_group[group])].push_back(of_group[group]);
  return all;
}

/// Which groups have a share together: those whose first rank is on one node.
Shares share_by_node(const std::vector<Role>& ranks, const std::vector<int>& groups) {
  Shares shares;
  std::map<int, int> numbers;  // of nodes
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    if (groups[rank] < static_cast<int>(shares.of_group.size())) continue;  // not its group's first
    const int next = static_cast<int>(numbers.size());
    shares.of_group.push_back(numbers.emplace(ranks[rank].node, next).first->second);
  }
  shares.runs.resize(numbers.size());
  return shares;
}

/// \param order  of the runs
void deal(Shares& shares, const std::vector<double>& of_group, const std::vector<RunCost>& runs,
          const std::vector<std::size_t>& order) {
  const auto capacities = capacities_of_shares(shares, of_group);
  Queue queue;
  for (std::size_t i = 0; i < capacities.size(); ++i) queue.emplace(0.0, i);
  for (const std::size_t run : order) {
    const auto [begin, share] = queue.top();
    queue.pop();
    shares.runs[share].push_back(run);
    const auto ngroup = static_cast<double>(capacities[share].size());
    const double mean = std::accumulate(capacities[share].begin(), capacities[share].end(), 0.0) / ngroup;
    queue.emplace(begin + seconds_of(runs[run], mean) / ngroup, share);
  }
}

double time_of_all(const Shares& shares, const std::vector<double>& of_group, const std::vector<RunCost>& runs) {
  // A run takes so much more or less than is expected of it: of several groups one ends last, of one none.
  constexpr double uncertain = 0.15;
  const auto capacities = capacities_of_shares(shares, of_group);
  double time = 0, longest = 0;
  for (std::size_t i = 0; i < shares.runs.size(); ++i) {
    time = std::max(time, time_of(capacities[i], runs, shares.runs[i]));
    if (shares.runs[i].empty()) continue;
    const double slowest = *std::min_element(capacities[i].begin(), capacities[i].end());
    longest = std::max(longest, seconds_of(runs[shares.runs[i].front()], slowest));
  }
  return of_group.size() > 1 ? time + uncertain * longest : time;
}

}  // namespace

std::vector<int> group_ranks(const std::vector<Role>& ranks, int size) {
  if (size >= static_cast<int>(ranks.size())) return std::vector<int>(ranks.size(), 0);
  const auto nodes = ranks_of_nodes(ranks);
  const int node = largest_node(ranks);
  // A name for the group of each rank: its first node and its part of that.
  std::map<int, int> first_node;  // of the group of a node
  const int nodes_of_group = std::max(1, size / node);
  int place = 0;
  for (const auto& [inode, n] : nodes) {
    first_node[inode] = place - place % nodes_of_group;
    ++place;
  }
  std::map<int, int> seen;  // ranks of a node so far
  std::map<std::pair<int, int>, int> numbers;
  std::vector<int> groups;
  for (const Role& role : ranks) {
    const int n = nodes.at(role.node), parts = size < node ? std::max(1, n / size) : 1;
    const int part = static_cast<int>(static_cast<long>(seen[role.node]++) * parts / n);
    const int next = static_cast<int>(numbers.size());
    groups.push_back(numbers.emplace(std::pair{first_node[role.node], part}, next).first->second);
  }
  return groups;
}

int choose_group_size(const std::vector<Role>& ranks, const std::vector<RunCost>& runs, const GroupLimits& limits) {
  const int nrank = static_cast<int>(ranks.size());
  if (runs.size() <= 1) return nrank;
  const auto order = longest_first(runs);
  double memory = 0;
  for (const RunCost& run : runs) memory = std::max(memory, run.memory);
  int best = nrank;
  double least = std::numeric_limits<double>::infinity();
  for (const int size : possible_sizes(ranks)) {
    const std::vector<int> of_rank = group_ranks(ranks, size);
    const Capacities groups = capacities_of(ranks, of_rank, limits.gpu_capacity);
    if (limits.a_gpu_for_each && !groups.gpu_in_all) continue;
    if (limits.node_memory > 0 && groups.most_on_node * memory > limits.node_memory / 2 && size < nrank) continue;
    Shares shares = share_by_node(ranks, of_rank);
    deal(shares, groups.of, runs, order);
    if (const double time = time_of_all(shares, groups.of, runs); time < least) {
      least = time;
      best = size;
    }
  }
  return best;
}

std::vector<std::size_t> longest_first(const std::vector<RunCost>& runs) {
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto length = [&](std::size_t i) { return runs[i].work + runs[i].alone; };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length(a) > length(b); });
  return order;
}

Shares deal_runs(const std::vector<Role>& ranks, const std::vector<int>& groups, const std::vector<RunCost>& runs,
                 double gpu_capacity) {
  Shares shares = share_by_node(ranks, groups);
  deal(shares, capacities_of(ranks, groups, gpu_capacity).of, runs, longest_first(runs));
  return shares;
}

double node_share(const std::vector<Role>& all, const std::vector<int>& ranks) {
  const auto whole = ranks_of_nodes(all);
  std::map<int, int> ours;
  for (const int rank : ranks) ++ours[all[static_cast<std::size_t>(rank)].node];
  double share = 1;
  for (const auto& [node, n] : ours) share = std::min(share, static_cast<double>(n) / whole.at(node));
  return share;
}

Roles roles_of_group(const Roles& all, const std::vector<int>& ranks) {
  Roles roles;
  roles.node_share = node_share(all.ranks, ranks);
  std::map<int, int> nodes;    // their numbers among themselves
  std::map<int, double> gpus;  // of each, in parts that its ranks use
  for (const int rank : ranks) {
    Role role = all.ranks[static_cast<std::size_t>(rank)];
    role.node = nodes.emplace(role.node, static_cast<int>(nodes.size())).first->second;
    if (role.on_gpu) gpus[role.node] += 1.0 / role.ranks_per_gpu;
    roles.ranks.push_back(role);
  }
  roles.nnode = static_cast<int>(nodes.size());
  constexpr double rounding = 1e-9;
  for (const auto& [node, used] : gpus) {
    const int n = static_cast<int>(std::ceil(used - rounding));
    roles.gpus = std::max(roles.gpus, n);
    roles.gpu_share = std::min(roles.gpu_share, used / n);
  }
  return roles;
}

}  // namespace zspex::pipeline
