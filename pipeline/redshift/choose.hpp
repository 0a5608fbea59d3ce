/// \file
/// All strategies for a run side by side: how much memory, how long; and which one is best.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "config/machine_config.hpp"
#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/redshift/cost.hpp"
#include "pipeline/redshift/footprint.hpp"
#include "pipeline/redshift/strategy.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

/// One strategy, planned for a machine.
struct StrategyPlan {
  std::optional<Strategy> strategy;
  Deployment where;
  ScanMemory memory;
  Prediction time;
  int most_ranks = 0;  ///< of a node that fit its memory and its GPUs'; ranks_looked_at: more have not been looked at
  std::string cannot;  ///< why it can't be used; empty: it can, but for memory.too_little

  bool usable() const { return cannot.empty() && memory.too_little.empty(); }
  const std::string& reason() const { return cannot.empty() ? memory.too_little : cannot; }
};

/// Up to how many ranks of a node a plan looks whether they fit.
inline constexpr int ranks_looked_at = 1024;

/// Targets of a GPU rank, times those of a CPU rank: what the configuration says, or by the machine's rates where they are known.
double gpu_capacity_of(const config::RedshiftConfig& config, const config::MachineConfig& machine,
                       bool rates_are_known);

/// Memory, rounds and time of one strategy on a machine. \param ntarget  if there are not as many as in the list
StrategyPlan plan_strategy(const Strategy& strategy, const kernels::RedshiftFitter& fitter, const TargetList& targets,
                           const config::RedshiftConfig& config, const config::MachineConfig& machine,
                           bool host_fallback, std::size_t ntarget = 0);

/// The same of all strategies of the configuration's era, in the order of their names, and of its own where that is CUSTOM.
std::vector<StrategyPlan> plan_strategies(const kernels::RedshiftFitter& fitter, const TargetList& targets,
                                          const config::RedshiftConfig& config, const config::MachineConfig& machine,
                                          bool host_fallback, std::size_t ntarget = 0);

/// The fastest that can be used, by its number in the list; of those within 3 % the one that needs less memory.
/// \param only_some  leave out those whose ranks all use a GPU: ranks that have started without can't
/// \throws ConfigError when none can be used, with the reasons
std::size_t choose(const std::vector<StrategyPlan>& plans, bool only_some);

/// The table, with why one is best.
void print_strategies(const std::vector<StrategyPlan>& plans, std::size_t best, const config::MachineConfig& machine,
                      std::size_t ntarget, std::ostream& out);

/// "GPU_V6: 1.84 s predicted, 1.01 times the speed of CPU"
std::string why(const std::vector<StrategyPlan>& plans, std::size_t best);

}  // namespace zspex::pipeline
