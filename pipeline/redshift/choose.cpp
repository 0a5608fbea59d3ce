#include "pipeline/redshift/choose.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>

#include "config/base/error.hpp"

namespace zspex::pipeline {
namespace {

constexpr double gibibyte = 1 << 30;

bool usable(const StrategyPlan& plan, bool only_some) {
  return plan.cannot.empty() && plan.memory.too_little.empty() && !(only_some && plan.strategy->all_on_gpus);
}

}  // namespace

StrategyPlan plan_strategy(const Strategy& strategy, const kernels::RedshiftFitter& fitter, const TargetList& targets,
                           const config::RedshiftConfig& config, const config::MachineConfig& machine, bool stand_in) {
  StrategyPlan plan;
  plan.strategy = &strategy;
  try {
    plan.where = deploy(strategy, config, machine, stand_in);
    const Footprint print = footprint_of(strategy, fitter, targets, config, machine);
    plan.memory = plan_scan_memory(print, plan.where, strategy, config, machine, targets.size());
    plan.time = predict(strategy, plan.where, fitter, config, machine, targets.size(), plan.memory.nround);
  } catch (const ConfigError& error) {
    plan.cannot = error.what();
  }
  return plan;
}

std::vector<StrategyPlan> plan_strategies(const kernels::RedshiftFitter& fitter, const TargetList& targets,
                                          const config::RedshiftConfig& config, const config::MachineConfig& machine,
                                          bool stand_in) {
  std::vector<StrategyPlan> plans;
  for (const Strategy& strategy : all_strategies())
    plans.push_back(plan_strategy(strategy, fitter, targets, config, machine, stand_in));
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
  for (const StrategyPlan& plan : plans)
    reasons +=
        std::string("\n  ") + plan.strategy->text + ": " + (plan.cannot.empty() ? plan.memory.too_little : plan.cannot);
  throw ConfigError("configuration", "redshift.strategy",
                    "expected a strategy that can be used, found none:" + reasons);
}

void print_strategies(const std::vector<StrategyPlan>& plans, std::size_t best, const config::MachineConfig& machine,
                      std::size_t ntarget, std::ostream& out) {
  char line[200];
  std::snprintf(line, sizeof line, "strategies on %s: %d node%s of %d rank%s, %.0f GiB and %d GPU%s",
                machine.name.c_str(), machine.nodes, machine.nodes == 1 ? "" : "s", machine.ranks,
                machine.ranks == 1 ? "" : "s", machine.memory, machine.gpus, machine.gpus == 1 ? "" : "s");
  out << line;
  if (machine.gpus > 0) {
    std::snprintf(line, sizeof line, " of %.0f GiB", machine.gpu_memory);
    out << line;
  }
  out << "; " << ntarget << (ntarget == 1 ? " target\n" : " targets\n")
      << "           seconds:  rebin    scan  transfer  refine   total   GiB: CPU rank  GPU rank    node  a GPU  "
         "rounds\n";
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const StrategyPlan& plan = plans[i];
    if (!plan.cannot.empty()) {
      out << "  " << plan.strategy->text << ": " << plan.cannot << "\n";
      continue;
    }
    std::snprintf(line, sizeof line, "%s %-8s  %14.2f %7.2f %9.2f %7.2f %7.2f  %14.2f %9.2f %7.2f %6.2f %7zu\n",
                  i == best ? "->" : "  ", plan.strategy->text, plan.time.rebin, plan.time.scan, plan.time.transfer,
                  plan.time.refine, plan.time.total(), plan.memory.cpu_rank / gibibyte, plan.memory.gpu_rank / gibibyte,
                  plan.memory.node / gibibyte, plan.memory.gpu / gibibyte, plan.memory.nround);
    out << line;
    if (!plan.memory.too_little.empty()) out << "     " << plan.memory.too_little << "\n";
  }
  if (best >= plans.size()) return;
  // Why: what comes next.
  const StrategyPlan* next = nullptr;
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (i != best && usable(plans[i], false) && (!next || plans[i].time.total() < next->time.total())) next = &plans[i];
  out << "  " << plans[best].strategy->text << " is chosen: ";
  if (!next) {
    out << "it is the only one that can be used\n";
    return;
  }
  std::snprintf(line, sizeof line, "%.2f s predicted, %.2f times the speed of %s, the next\n", plans[best].time.total(),
                next->time.total() / plans[best].time.total(), next->strategy->text);
  out << line;
}

}  // namespace zspex::pipeline
