#include "pipeline/redshift/choose.hpp"

#include <algorithm>
#include <ostream>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::pipeline {
namespace {

bool usable(const StrategyPlan& plan, bool only_some) {
  return plan.usable() && !(only_some && plan.strategy->all_on_gpus);
}

/// The most ranks of a node that fit. More ranks never need less.
int find_most_ranks(const Strategy& strategy, const Footprint& print, const config::RedshiftConfig& config,
                    config::MachineConfig machine, std::size_t ntarget, bool host_fallback) {
  const auto fits = [&](int nrank) {
    machine.ranks = nrank;
    try {
      const Deployment where = deploy(strategy, config, machine, host_fallback);
      return plan_scan_memory(print, where, strategy, config, machine, ntarget).too_little.empty();
    } catch (const ConfigError&) {
      return false;
    }
  };
  int low = 0, high = ranks_looked_at + 1;  // the first fits, the second doesn't
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

std::string ranks_text(int most_ranks) {
  return most_ranks < ranks_looked_at ? std::to_string(most_ranks) : fmt::format(">={}", ranks_looked_at);
}

}  // namespace

double gpu_capacity_of(const config::RedshiftConfig& config, const config::MachineConfig& machine,
                       bool rates_are_known) {
  if (config.gpu_capacity > 0 || !rates_are_known) return config.capacity();
  return machine.gpu_scan / (machine.host_scan * static_cast<double>(kernels::host_concurrency()));
}

StrategyPlan plan_strategy(const Strategy& strategy, const kernels::RedshiftFitter& fitter, const TargetList& targets,
                           const config::RedshiftConfig& config, const config::MachineConfig& machine,
                           bool host_fallback, std::size_t ntarget) {
  if (ntarget == 0) ntarget = targets.size();
  StrategyPlan plan;
  plan.strategy = strategy;
  try {
    plan.where = deploy(strategy, config, machine, host_fallback);
    const Footprint print = footprint_of(strategy, fitter, targets, config, machine, host_fallback, ntarget);
    plan.memory = plan_scan_memory(print, plan.where, strategy, config, machine, ntarget);
    const std::size_t nround = plan.memory.too_little.empty() ? plan.memory.nround : 1;
    plan.time = predict(strategy, plan.where, fitter, config, machine, print, ntarget, nround);
    plan.most_ranks = find_most_ranks(strategy, print, config, machine, ntarget, host_fallback);
  } catch (const ConfigError& error) {
    plan.cannot = error.reason();
  }
  return plan;
}

std::vector<StrategyPlan> plan_strategies(const kernels::RedshiftFitter& fitter, const TargetList& targets,
                                          const config::RedshiftConfig& config, const config::MachineConfig& machine,
                                          bool host_fallback, std::size_t ntarget) {
  std::vector<StrategyPlan> plans;
  std::vector<Strategy> strategies = all_strategies(config.era);
  if (config.strategy == config::StrategyName::custom) strategies.push_back(strategy_of(config));
  for (const Strategy& strategy : strategies)
    plans.push_back(plan_strategy(strategy, fitter, targets, config, machine, host_fallback, ntarget));
  return plans;
}

std::size_t choose(const std::vector<StrategyPlan>& plans, bool only_some) {
  constexpr double as_good = 1.03;
  std::size_t best = plans.size();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (!usable(plans[i], only_some)) continue;
    if (best == plans.size()) {
      best = i;
      continue;
    }
    const double here = plans[i].time.total(), there = plans[best].time.total();
    if (here * as_good < there || (here < there * as_good && plans[i].memory.node < plans[best].memory.node)) best = i;
  }
  if (best < plans.size()) return best;
  std::string reasons;
  for (const StrategyPlan& plan : plans) reasons += fmt::format("\n  {}: {}", plan.strategy->text(), plan.reason());
  throw ConfigError("configuration", "redshift.strategy",
                    "expected a strategy that can be used, found none:" + reasons);
}

void print_strategies(const std::vector<StrategyPlan>& plans, std::size_t best, const config::MachineConfig& machine,
                      std::size_t ntarget, std::ostream& out) {
  const auto s = [](auto n) { return n == 1 ? "" : "s"; };
  out << fmt::format("strategies on {}: {} node{} of {} rank{}, {:.0f} GiB and {} GPU{}{}; {} target{}\n", machine.name,
                     machine.nodes, s(machine.nodes), machine.ranks, s(machine.ranks), machine.memory, machine.gpus,
                     s(machine.gpus), machine.gpus > 0 ? fmt::format(" of {:.0f} GiB", machine.gpu_memory) : "",
                     ntarget, s(ntarget))
      << "             s predicted                                GiB                                      rounds  "
         "ranks\n"
      << "             rebin    scan transfer  refine   total     CPU rank GPU rank    node   a GPU           that "
         "fit\n";
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const StrategyPlan& plan = plans[i];
    if (!plan.cannot.empty()) {
      out << "   " << plan.strategy->text() << ": " << plan.cannot << "\n";
      continue;
    }
    const auto amount = [](double nbytes) { return nbytes > 0 ? fmt::format("{:.2f}", nbytes / gibibyte) : "-"; };
    out << fmt::format("{} {:<8} {:>7.2f} {:>7.2f} {:>8.2f} {:>7.2f} {:>7.2f}  {:>11} {:>8} {:>7} {:>7}  {:>7} {:>7}\n",
                       i == best ? "->" : "  ", plan.strategy->text(), plan.time.rebin, plan.time.scan,
                       plan.time.transfer, plan.time.refine, plan.time.total(), amount(plan.memory.cpu_rank),
                       amount(plan.memory.gpu_rank), amount(plan.memory.node), amount(plan.memory.gpu),
                       plan.usable() ? std::to_string(plan.memory.nround) : "-", ranks_text(plan.most_ranks));
    if (!plan.memory.too_little.empty()) out << "            does not fit: " << plan.memory.too_little << "\n";
  }
  if (best < plans.size()) out << "   " << why(plans, best) << "\n";
}

std::string why(const std::vector<StrategyPlan>& plans, std::size_t best) {
  const StrategyPlan* next = nullptr;
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (i != best && usable(plans[i], false) && (!next || plans[i].time.total() < next->time.total())) next = &plans[i];
  const StrategyPlan& chosen = plans[best];
  return fmt::format("{}: {:.2f} s predicted, {}", chosen.strategy->text(), chosen.time.total(),
                     next ? fmt::format("{:.2f} times the speed of {}", next->time.total() / chosen.time.total(),
                                        next->strategy->text())
                          : "the only one that can be used");
}

}  // namespace zspex::pipeline
