/// \file
/// Groups of ranks: each works on one run at a time, while others work on others.
#pragma once

#include <vector>

#include "pipeline/comm/communicator.hpp"
#include "pipeline/roles.hpp"

namespace zspex::pipeline {

/// How long a run takes: `alone` + max(`hidden`, `work` / what the group can do), seconds.
struct RunCost {
  double work = 0;    ///< of one core
  double hidden = 0;  ///< of one rank, beside the work of the others
  double alone = 0;   ///< of one rank, while the others wait
  double memory = 0;  ///< bytes of a node for each group that is at one
};
template <class Archive>
void fields(Archive& archive, RunCost& cost) {
  archive(cost.work, cost.hidden, cost.alone, cost.memory);
}

/// The group of each rank, [nrank]: about `size` ranks of one node, whole nodes if that is more than a node has, or all. Groups are
/// numbered by their lowest rank.
std::vector<int> group_ranks(const std::vector<Role>& ranks, int size);

/// What limits groups.
struct GroupLimits {
  double gpu_capacity = 1;      ///< work of a GPU rank, times a CPU rank's
  bool a_gpu_for_each = false;  ///< where there are ranks with GPUs, each group has one of them
  double node_memory = 0;       ///< bytes; its groups' runs take half of it at most; 0: nobody knows
};

/// The size of the groups that are done first with these runs, dealt to nodes by deal_runs(): each takes the next of its node when it is
/// done with the one before. Few long runs, of which nobody knows exactly how long, ask for few groups. All ranks for a single run.
int choose_group_size(const std::vector<Role>& ranks, const std::vector<RunCost>& runs, const GroupLimits& limits);

/// Runs in the order in which they are dealt, [nrun]: the longest first, equal ones as they are.
std::vector<std::size_t> longest_first(const std::vector<RunCost>& runs);

/// Runs dealt to nodes, so that no node asks another for work; which of a node's groups does which is seen while they run.
struct Shares {
  std::vector<int> of_group;  ///< [ngroup] that of its first rank's node
  std::vector<std::vector<std::size_t>>
      runs;  ///< [nshare] in the order in which its groups take them: the longest first

  const std::vector<std::size_t>& runs_of(int group) const {
    return runs[static_cast<std::size_t>(of_group[static_cast<std::size_t>(group)])];
  }
};
/// The longest first, each to the node that is expected to be done first with what it has.
/// \param groups  of the ranks: group_ranks()
Shares deal_runs(const std::vector<Role>& ranks, const std::vector<int>& groups, const std::vector<RunCost>& runs,
                 double gpu_capacity);

/// The part of their nodes that some of the ranks are; the least of several nodes.
double node_share(const std::vector<Role>& all, const std::vector<int>& ranks);

/// The roles of some of the ranks among themselves, with the GPUs that they use.
Roles roles_of_group(const Roles& all, const std::vector<int>& ranks);

}  // namespace zspex::pipeline
