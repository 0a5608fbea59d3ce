#include "pipeline/redshift/plan.hpp"

#include <filesystem>

#include "io/output.hpp"
#include "io/template.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/calibrate.hpp"
#include "pipeline/redshift/machine.hpp"
#include "pipeline/redshift/make_fitter.hpp"
#include "pipeline/resume.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

/// \throws FileError when an output can't be written, or must not be overwritten
void check_outputs(const config::RedshiftConfig& config, bool resume) {
  for (const std::string& path : outputs_of(config)) {
    io::check_output(path);
    if (!resume && !config.overwrite && std::filesystem::exists(path))
      throw FileError(path, "",
                      "expected no such file (--no-overwrite), found one. Remove it, or choose another output.",
                      ExitCode::output);
  }
}

/// All files that are read.
std::vector<std::string> inputs_of(const config::RedshiftConfig& config) {
  std::vector<std::string> inputs = config.input;
  const auto append = [&](const std::vector<std::string>& more) {
    inputs.insert(inputs.end(), more.begin(), more.end());
  };
  append(io::find_templates(config.templates));
  append(io::find_archetypes(config.archetypes));
  for (const auto* path : {&config.priors, &config.chi2_scan})
    if (!path->empty()) inputs.push_back(*path);
  return inputs;
}

/// What --resume makes of the outputs that are there, and what the inputs are. Travels to all ranks.
struct Before {
  bool already_done = false;
  std::vector<std::string> notes;
  std::string sources;
};
template <class Archive>
void fields(Archive& archive, Before& before) {
  archive(before.already_done, before.notes, before.sources);
}

Before look_before(const config::RedshiftConfig& config, const config::JobConfig& job, Provenance provenance) {
  check_outputs(config, job.resume);
  Before before;
  before.sources = provenance.sources = describe_sources(inputs_of(config));
  if (job.resume) {
    before.notes = reasons_to_redo(outputs_of(config), provenance, "redshift");
    before.already_done = before.notes.empty();
  }
  if (!before.already_done) refuse_to_replace_inputs(outputs_of(config));
  if (job.resume && !job.dry_run) clear_leftovers_of(outputs_of(config), before.notes);
  return before;
}

/// Whether shares go by the rates of GPUs and cores, which nobody has said.
bool needs_capacity(const config::RedshiftConfig& config) {
  if (!kernels::needs_device() || config.gpu_capacity > 0) return false;
  const Strategy strategy = strategy_of(config);
  return strategy.uses_gpus() && strategy.dealing != Dealing::even;
}

/// The strategy of the configuration or, for AUTO, the best of all; its memory.
/// \param by_rates  the machine's are known
void choose_strategy(const config::RedshiftConfig& wanted, bool compare, bool by_rates, RedshiftPlan& plan) {
  const bool host_fallback = !kernels::needs_device() && !plan.described,
             automatic = wanted.strategy == config::StrategyName::automatic;
  config::RedshiftConfig config = wanted;
  // AUTO starts the ranks with one per GPU, or in a program without GPUs with none at all.
  if (automatic && host_fallback) plan.machine.gpus = 0;
  config.gpu_capacity = plan.gpu_capacity = gpu_capacity_of(wanted, plan.machine, by_rates && !host_fallback);
  if (compare) {
    plan.strategies = plan_strategies(*plan.fitter, plan.targets, config, plan.machine, host_fallback && !automatic);
    if (automatic) {
      plan.chosen = choose(plan.strategies, !plan.described);
    } else {
      const auto same = [&](const StrategyPlan& one) { return one.strategy->name == wanted.strategy; };
      plan.chosen = static_cast<std::size_t>(std::find_if(plan.strategies.begin(), plan.strategies.end(), same) -
                                             plan.strategies.begin());
    }
  }
  const StrategyPlan chosen =
      compare ? plan.strategies[plan.chosen]
              : plan_strategy(strategy_of(wanted), *plan.fitter, plan.targets, config, plan.machine, host_fallback);
  if (!chosen.cannot.empty()) throw ConfigError("configuration", "", chosen.cannot);
  plan.strategy = chosen.strategy;
  plan.memory = chosen.memory;
  if (!plan.strategy->uses_gpus())
    for (Role& role : plan.roles.ranks) role.on_gpu = false;
}

}  // namespace

std::vector<std::string> outputs_of(const config::RedshiftConfig& config) {
  std::vector<std::string> outputs;
  for (const auto* path : {&config.output, &config.model, &config.details})
    if (!path->empty()) outputs.push_back(*path);
  return outputs;
}

GpuRequest gpu_request(const config::RedshiftConfig& config) {
  GpuRequest request{GpuUse::some_if_any, config.gpu_ranks, "redshift.gpu_ranks", "choose strategy CPU",
                     config.max_gpu_ranks};
  if (config.strategy == config::StrategyName::automatic) return request;
  const Strategy strategy = strategy_of(config);
  request.use = !strategy.uses_gpus() ? GpuUse::none : strategy.all_on_gpus ? GpuUse::all : GpuUse::some;
  return request;
}

Roles roles_of(const comm::Communicator& world, const config::RedshiftConfig& config, const RedshiftOptions& options) {
  if (options.roles) return *options.roles;
  return assign_roles(world, options.node_of(world), gpu_request(config), see_gpus(), kernels::needs_device());
}

RedshiftPlan plan_redshift(const comm::Communicator& world, const config::RedshiftConfig& config,
                           const config::JobConfig& job, const Provenance& provenance, const RedshiftOptions& options,
                           const std::function<void(const std::string& warning)>& warn) {
  const Stopwatch watch;
  RedshiftPlan plan;
  Before before = comm::share(world, [&] { return look_before(config, job, provenance); });
  plan.already_done = before.already_done;
  plan.notes = std::move(before.notes);
  plan.sources = std::move(before.sources);
  if (plan.already_done) return plan;
  plan.roles = roles_of(world, config, options);
  JobCache alone;
  JobCache& cache = options.cache ? *options.cache : alone;
  if (!cache.machine) cache.machine = this_machine(world, plan.roles);
  plan.machine = *cache.machine;
  plan.targets = comm::share(world, [&] { return list_targets(config); });
  comm::agree(world, "", [&] {
    if (world.is_root()) plan.tables = std::make_shared<const InputTables>(read_input_tables(config, plan.targets));
  });
  plan.warnings = plan.targets.notes;
  if (plan.tables)
    plan.warnings.insert(plan.warnings.end(), plan.tables->warnings.begin(), plan.tables->warnings.end());
  if (!cache.templates) cache.templates = share_templates(world, config, plan.warnings);
  plan.templates = *cache.templates;
  if (world.is_root())
    for (const std::string& warning : plan.warnings) warn(warning);
  comm::agree(world, "", [&] { plan.fitter = make_fitter(config, plan.targets, plan.templates); });
  plan.described = options.machine.has_value() && job.dry_run;
  const bool compare = job.dry_run || config.strategy == config::StrategyName::automatic;
  bool by_rates = plan.described;  // known ones, and not a dry run's own measurement, which the run itself won't have
  if (plan.described) {
    plan.machine = *options.machine;
  } else if (compare && cache.rates) {
    take_rates(*cache.rates, plan.machine);
    by_rates = true;
  } else if (compare || needs_capacity(config)) {
    const Stopwatch measuring;
    const FoundRates found =
        compare ? find_rates(world, plan.roles, config, !job.dry_run, plan.targets, *plan.fitter, plan.machine)
                : find_kept_rates(world, plan.roles, config, plan.machine);
    by_rates = found.kept || (found.measured && config.strategy == config::StrategyName::automatic);
    if (by_rates && compare) cache.rates = plan.machine;
    if (found.measured) plan.calibrate_seconds = measuring.seconds();
    if (!found.note.empty()) plan.notes.push_back(found.note);
    if (!found.warning.empty() && world.is_root()) warn(found.warning);
  }
  comm::agree(world, "", [&] { choose_strategy(config, compare, by_rates, plan); });
  plan.plan_seconds = watch.seconds() - plan.calibrate_seconds;
  return plan;
}

}  // namespace zspex::pipeline
