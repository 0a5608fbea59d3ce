#include "pipeline/redshift/plan_many.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "core/format.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/backend_rates.hpp"
#include "pipeline/redshift/calibrate.hpp"
#include "pipeline/redshift/choose.hpp"
#include "pipeline/redshift/machine.hpp"
#include "pipeline/redshift/make_fitter.hpp"
#include "pipeline/redshift/plan_table.hpp"
#include "pipeline/redshift/survey_bands.hpp"

namespace zspex::pipeline {
namespace {

/// One target in DESI's three bands, as its pipeline extracts them.
TargetList desi_target() {
  TargetList targets = survey_bands();
  targets.bands_of_file = {{0, 1, 2}};
  targets.targetid = {1};
  targets.sources = {{{0, 0}}};
  return targets;
}

/// The part that takes longest.
std::string longest_part(const Prediction& time) {
  const std::pair<double, const char*> parts[] = {
      {time.rebin, "rebin"},   {time.scan, "scan"},   {time.transfer, "transfer"}, {time.redeal, "deal"},
      {time.refine, "refine"}, {time.start, "start"}, {time.read, "read"},         {time.serial, "serial"}};
  return std::max_element(std::begin(parts), std::end(parts),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

std::string cell_text(const StrategyPlan& plan) {
  if (!plan.cannot.empty()) return "-";
  if (!plan.usable()) return "no room";
  const double seconds = plan.time.whole();
  return fmt::format("{:.{}f} {}", seconds, seconds < 100 ? 2 : 0, longest_part(plan.time));
}

/// Strategies are columns, numbers of ranks are rows.
void print_table(const std::vector<TablePlan>& cells, std::size_t nstrategy, std::ostream& out) {
  const config::MachineConfig& machine = cells.front().machine;
  out << fmt::format("{} targets on {} node{} of {}: seconds predicted, of all, and what takes longest\n",
                     cells.front().ntarget, machine.nodes, machine.nodes == 1 ? "" : "s", machine.name)
      << fmt::format("  {:>6}", "ranks");
  for (std::size_t i = 0; i < nstrategy; ++i) out << fmt::format("  {:>14}", cells[i].plan.strategy->text());
  std::map<std::string, std::string> reasons;  // the first of each strategy
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const TablePlan& cell = cells[i];
    if (i % nstrategy == 0) out << fmt::format("\n  {:>6}", cell.machine.ranks);
    out << fmt::format("  {:>14}", cell_text(cell.plan));
    if (!cell.plan.usable())
      reasons.emplace(cell.plan.strategy->text(), fmt::format("{} at {} ranks: {}", cell.plan.strategy->text(),
                                                              cell.machine.ranks, cell.plan.reason()));
  }
  out << "\n";
  for (const auto& [strategy, reason] : reasons) out << "  " << reason << "\n";
  for (std::size_t i = cells.size() - nstrategy; i < cells.size(); ++i) {
    const StrategyPlan& plan = cells[i].plan;
    const double cpu = plan.time.cpu_waits, gpu = plan.time.gpu_waits;
    if (plan.usable() && std::max(cpu, gpu) > 0.1)
      out << fmt::format("  {} at {} ranks: {} wait {:.0f} % of the time for the others\n", plan.strategy->text(),
                         cells[i].machine.ranks, gpu > cpu ? "GPU ranks" : "CPU ranks", 100 * std::max(cpu, gpu));
  }
}

void print_frames(const std::vector<std::int64_t>& frames, const std::vector<std::int64_t>& nodes,
                  const config::MachineConfig& machine, std::ostream& out) {
  if (machine.frame_core <= 0)
    throw ConfigError(
        "configuration", "machine.frame_core",
        "expected the seconds of a core for a frame, found 0: not known. Set it in the machine's file, or "
        "have zspex measure write one.");
  const double cores = machine.cores > 0 ? machine.cores : machine.ranks;
  out << fmt::format("frames of 500 fibers on the {:.0f} cores of {}: hours predicted\n  {:>9}", cores, machine.name,
                     "frames");
  for (const std::int64_t n : nodes) out << fmt::format("  {:>9}", fmt::format("{} node{}", n, n == 1 ? "" : "s"));
  for (const std::int64_t n : frames) {
    out << fmt::format("\n  {:>9}", n);
    for (const std::int64_t nnode : nodes) {
      const double here = std::ceil(static_cast<double>(n) / static_cast<double>(nnode));
      // Each rank reads and writes beside the kernels; the first and the last frame nobody works beside.
      const double kernels = here * machine.frame_core / cores, files = here * machine.frame_serial / machine.ranks;
      const double seconds = machine.start + machine.frame_serial + std::max(kernels, files) * (1 + machine.jitter);
      out << fmt::format("  {:>9.3g}", seconds / 3600);
    }
  }
  out << "\n";
}

template <class T>
std::vector<std::int64_t> or_one(const std::vector<std::int64_t>& values, T one) {
  return values.empty() ? std::vector<std::int64_t>{static_cast<std::int64_t>(one)} : values;
}

/// Predictions for all that the configuration names, printed as tables. \param machine  whose nodes and ranks are replaced
std::vector<TablePlan> plan_cells(const config::RedshiftConfig& config, const config::MachineConfig& machine,
                                  const TargetList& like, const kernels::RedshiftFitter& fitter, bool host_fallback,
                                  std::ostream* out) {
  std::vector<TablePlan> all;
  for (const std::int64_t n : or_one(config.plan_targets, like.size())) {
    const auto ntarget = static_cast<std::size_t>(n);
    for (const std::int64_t nnode : or_one(config.plan_nodes, machine.nodes)) {
      std::vector<TablePlan> cells;
      std::size_t nstrategy = 0;
      for (const std::int64_t nrank : or_one(config.plan_ranks, machine.ranks)) {
        config::MachineConfig here = machine;
        here.nodes = static_cast<int>(nnode);
        here.ranks = static_cast<int>(nrank);
        std::vector<StrategyPlan> plans = plan_strategies(fitter, like, config, here, host_fallback, ntarget);
        nstrategy = plans.size();
        for (StrategyPlan& plan : plans) cells.push_back({here, ntarget, std::move(plan)});
      }
      if (out) print_table(cells, nstrategy, *out);
      all.insert(all.end(), cells.begin(), cells.end());
    }
  }
  return all;
}

/// Those of fits. Collective.
void plan_fits(const comm::Communicator& world, config::RedshiftConfig config, const RedshiftOptions& options,
               std::ostream* out, std::ostream& err) {
  const TargetList like =
      comm::share(world, [&] { return config.input.empty() ? desi_target() : list_targets(config); });
  const TemplateSet templates = share_templates(world, config, err);
  std::shared_ptr<kernels::RedshiftFitter> fitter;
  comm::agree(world, "", [&] { fitter = make_fitter(config, like, templates); });
  config::MachineConfig machine;
  bool known = true;  // rates that a run would have, too
  if (options.machine) {
    machine = *options.machine;
  } else {
    const Roles roles = roles_of(world, config, options);
    machine = this_machine(world, roles);
    const FoundRates found = find_rates(world, roles, config, false, like, *fitter, machine);
    if (!found.warning.empty() && world.is_root()) err << "zspex redshift: warning: " << found.warning << "\n";
    if (!found.note.empty() && world.is_root() && out) *out << "redshift: " << found.note << "\n";
    known = found.kept;
    if (found.measured) {
      machine.cores = static_cast<int>(std::thread::hardware_concurrency());
      count_whole_cores(machine);
    }
  }
  comm::agree(world, "", [&] {
    if (!world.is_root()) return;
    const bool host_fallback = !kernels::needs_device() && !options.machine;
    config.gpu_capacity = gpu_capacity_of(config, machine, known && !host_fallback);
    const std::vector<TablePlan> cells = plan_cells(config, machine, like, *fitter, host_fallback, out);
    if (!config.plan_table.empty()) write_plan_table(config.plan_table, cells);
  });
}

}  // namespace

void plan_many(const comm::Communicator& world, const config::RedshiftConfig& config, const config::JobConfig& job,
               const RedshiftOptions& options, std::ostream& out, std::ostream& err) {
  std::ostream* const talk = job.verbosity >= 0 ? &out : nullptr;
  if (!config.plan_targets.empty() || !config.input.empty()) plan_fits(world, config, options, talk, err);
  if (config.plan_frames.empty()) return;
  comm::agree(world, "", [&] {
    if (!options.machine)
      throw ConfigError("configuration", "redshift.machine",
                        "expected a machine's file for plans of frames, found none. zspex measure writes one.");
    if (world.is_root() && talk)
      print_frames(config.plan_frames, or_one(config.plan_nodes, options.machine->nodes), *options.machine, *talk);
  });
}

}  // namespace zspex::pipeline
