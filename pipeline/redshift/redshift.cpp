#include "pipeline/redshift/redshift.hpp"

#include <cstdio>
#include <filesystem>
#include <ostream>

#include "io/output.hpp"
#include "io/template.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/calibrate.hpp"
#include "pipeline/redshift/machine.hpp"
#include "pipeline/redshift/make_fitter.hpp"
#include "pipeline/redshift/report.hpp"
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
  if (!job.resume) return before;
  before.notes = reasons_to_redo(outputs_of(config), provenance, "redshift");
  before.already_done = before.notes.empty();
  if (!job.dry_run) clear_leftovers_of(outputs_of(config), before.notes);
  return before;
}

std::string count_of(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

std::vector<std::string> outputs_of(const config::RedshiftConfig& config) {
  std::vector<std::string> outputs;
  for (const auto* path : {&config.output, &config.model, &config.details})
    if (!path->empty()) outputs.push_back(*path);
  return outputs;
}

GpuWish gpu_wish(const config::RedshiftConfig& config) {
  GpuWish wish{GpuUse::some_if_any, config.gpu_ranks, "redshift.gpu_ranks", "choose strategy CPU",
               config.max_gpu_ranks};
  if (config.strategy == config::StrategyName::automatic) return wish;
  const Strategy& strategy = strategy_of(config.strategy);
  wish.use = !strategy.uses_gpus() ? GpuUse::none : strategy.all_on_gpus ? GpuUse::all : GpuUse::some;
  return wish;
}

RedshiftStage::RedshiftStage(const comm::Communicator& world, config::RedshiftConfig config, config::JobConfig job,
                             Provenance provenance, std::ostream& out, std::ostream& err, RedshiftOptions options)
    : world_(world),
      config_(std::move(config)),
      job_(job),
      provenance_(std::move(provenance)),
      out_(out),
      err_(err),
      options_(std::move(options)) {}

RedshiftPlan RedshiftStage::plan() const {
  RedshiftPlan plan;
  Before before = comm::share(world_, [&] { return look_before(config_, job_, provenance_); });
  plan.already_done = before.already_done;
  plan.notes = std::move(before.notes);
  plan.sources = std::move(before.sources);
  if (plan.already_done) return plan;
  plan.roles = assign_roles(world_, options_.node_of(world_), gpu_wish(config_), kernels::visible_devices(),
                            kernels::needs_device());
  plan.machine = this_machine(world_, plan.roles);
  plan.targets = comm::share(world_, [&] { return list_targets(config_); });
  comm::agree(world_, "", [&] {
    if (world_.is_root()) plan.tables = std::make_shared<const InputTables>(read_input_tables(config_, plan.targets));
  });
  plan.warnings = plan.targets.notes;
  if (plan.tables)
    plan.warnings.insert(plan.warnings.end(), plan.tables->warnings.begin(), plan.tables->warnings.end());
  if (options_.templates && *options_.templates)
    plan.templates = **options_.templates;
  else
    plan.templates = share_templates(world_, config_, plan.warnings);
  if (options_.templates) *options_.templates = plan.templates;
  warn(plan.warnings);
  comm::agree(world_, "", [&] { plan.fitter = make_fitter(config_, plan.targets, plan.templates); });
  plan.described = options_.machine.has_value() && job_.dry_run;
  const bool compare = job_.dry_run || config_.strategy == config::StrategyName::automatic;
  if (plan.described)
    plan.machine = *options_.machine;
  else if (compare)
    calibrate(world_, plan.roles, config_, plan.targets, *plan.fitter, plan.machine);
  comm::agree(world_, "", [&] { choose_strategy(plan, compare); });
  return plan;
}

void RedshiftStage::choose_strategy(RedshiftPlan& plan, bool compare) const {
  const bool stand_in = !kernels::needs_device() && !plan.described,
             automatic = config_.strategy == config::StrategyName::automatic;
  config::RedshiftConfig config = config_;
  // AUTO starts the ranks with one per GPU, or in a program without GPUs with none at all.
  if (automatic && stand_in) plan.machine.gpus = 0;
  if (compare) {
    plan.strategies = plan_strategies(*plan.fitter, plan.targets, config, plan.machine, stand_in && !automatic);
    if (automatic) {
      plan.chosen = choose(plan.strategies, !plan.described);
    } else {
      plan.chosen = static_cast<std::size_t>(&strategy_of(config_.strategy) - all_strategies().data());
    }
  }
  const StrategyPlan chosen = compare ? plan.strategies[plan.chosen]
                                      : plan_strategy(strategy_of(config_.strategy), *plan.fitter, plan.targets,
                                                      config_, plan.machine, stand_in);
  if (!chosen.cannot.empty()) throw ConfigError("configuration", "", chosen.cannot);
  plan.strategy = chosen.strategy;
  plan.memory = chosen.memory;
  if (!plan.strategy->uses_gpus())
    for (Role& role : plan.roles.ranks) role.on_gpu = false;
}

void RedshiftStage::warn(const std::vector<std::string>& warnings) const {
  if (!world_.is_root()) return;
  for (const std::string& warning : warnings) err_ << "zspex redshift: warning: " << warning << "\n";
}

void RedshiftStage::print(const RedshiftPlan& plan) const {
  if (!world_.is_root()) return;
  std::size_t nrow = 0, npixel = 0;
  for (const auto& places : plan.targets.places) nrow += places.size();
  for (const auto& band : plan.targets.bands) npixel += band.wave.size();
  out_ << "redshift: " << count_of(plan.targets.size(), "target") << ", " << nrow << " spectra per band, "
       << count_of(plan.targets.bands.size(), "band") << " (" << npixel << " pixels), "
       << count_of(plan.templates.templates.size(), "template") << ", "
       << count_of(static_cast<std::size_t>(world_.size()), "rank") << ", strategy " << plan.strategy->text << ", "
       << kernels::kokkos_description() << "\n";
  for (const auto& tmpl : plan.templates.templates) {
    char line[160];
    std::snprintf(line, sizeof line, "  %-14s %2d basis vectors, %6zu redshifts from %.4f to %.4f\n",
                  tmpl.full_type().c_str(), tmpl.nbasis(), tmpl.redshifts.size(), tmpl.redshifts.front(),
                  tmpl.redshifts.back());
    out_ << line;
  }
  if (plan.strategies.empty())
    print_memory(plan, out_);
  else
    print_strategies(plan.strategies, plan.chosen, plan.machine, plan.targets.size(), out_);
  for (const std::string& path : outputs_of(config_)) out_ << "  -> " << path << "\n";
}

namespace {

ExitCode plan_and_execute(const RedshiftStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                          std::ostream& out) {
  const RedshiftPlan plan = stage.plan();
  const bool talk = world.is_root() && job.verbosity >= 0;
  if (talk)
    for (const std::string& note : plan.notes) out << "redshift: " << note << "\n";
  if (plan.already_done) {
    if (talk) out << "redshift: all outputs are there already\n";
    return ExitCode::success;
  }
  if (job.dry_run || job.verbosity > 0) stage.print(plan);
  if (job.dry_run) return ExitCode::success;
  if (talk && job.verbosity == 0 && !plan.strategies.empty())
    out << "redshift: AUTO takes " << why(plan.strategies, plan.chosen) << "\n";
  const RedshiftReport report = stage.execute(plan);
  if (talk) {
    char line[160];
    std::snprintf(line, sizeof line, "redshift: %zu targets in %.2f s, %zu with warnings, %zu without data\n",
                  report.ntarget, report.seconds, report.nwarned, report.nnodata);
    out << line;
    print_timing(report.timing, out);
    if (job.verbosity > 0) print_ranks(report, out);
    if (job.verbosity > 0) {
      out << "  scan and refinement: ";
      if (!plan.strategies.empty()) {
        std::snprintf(line, sizeof line, "%.2f s predicted, ", plan.strategies[plan.chosen].time.total());
        out << line;
      }
      std::snprintf(line, sizeof line, "%.2f s taken\n", report.scan_and_refine());
      out << line;
    }
  }
  return report.code;
}

}  // namespace

ExitCode run_redshift(const RedshiftStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                      std::ostream& out) {
  try {
    return plan_and_execute(stage, world, job, out);
  } catch (const comm::AgreedError& error) {
    if (error.code() != ExitCode::memory) throw;
    throw comm::AgreedError(
        error.code(),
        std::string(error.what()) + " A smaller redshift.memory, -n and --mintarget, or no -d need less, too.");
  }
}

}  // namespace zspex::pipeline
