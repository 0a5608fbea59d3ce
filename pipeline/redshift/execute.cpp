#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "core/format.hpp"
#include "io/output.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/provenance.hpp"
#include "pipeline/redshift/redshift.hpp"
#include "pipeline/redshift/report.hpp"
#include "pipeline/redshift/results.hpp"
#include "pipeline/redshift/round.hpp"
#include "pipeline/write_each.hpp"

namespace zspex::pipeline {
namespace {

std::size_t count_redshifts(const std::vector<kernels::Template>& templates) {
  std::size_t sum = 0;
  for (const auto& tmpl : templates) sum += tmpl.redshifts.size() + refinement_redshifts;
  return sum;
}

void count(const io::RedshiftResults& results, RedshiftReport& report) {
  report.ntarget = results.targetid.size();
  for (const auto& rows : results.zfit) {
    report.nwarned += rows.front().zwarn != 0;
    report.nnodata += (rows.front().zwarn & zwarn::nodata) != 0;
  }
}

/// All that the outputs of a run hold.
struct DoneRun {
  DoneRun(config::RedshiftConfig of, io::RedshiftResults made) : config(std::move(of)), results(std::move(made)) {}

  config::RedshiftConfig config;
  io::RedshiftResults results;
  std::vector<io::ModelSpectra> models;
  std::optional<io::DetailsWriter> details;
  Provenance provenance;
  std::vector<Timing> timing;
  std::shared_ptr<io::OutputFolders> folders;  ///< those without a file go at the end
};

void write(DoneRun& run) {
  const config::RedshiftConfig& config = run.config;
  const io::WriteOptions options{.compress = config.compress};
  std::vector<Output> outputs;
  if (config.output.ends_with(".h5"))
    outputs.push_back({config.output, [&] {
                         io::write_redshifts_hdf5(config.output, run.results, run.provenance, run.timing, options);
                       }});
  else if (!config.output.empty())
    outputs.push_back(
        {config.output, [&] { io::write_redshifts_fits(config.output, run.results, run.provenance, options); }});
  if (!config.model.empty())
    outputs.push_back(
        {config.model, [&] { io::write_model_fits(config.model, run.results, run.models, run.provenance, options); }});
  if (run.details)
    outputs.push_back({config.details, [&] { run.details->finish(run.results, run.provenance, run.timing); }});
  write_each(outputs);
}

/// Whether another thread can write the files: details were begun by this one.
bool may_write_behind(const config::RedshiftConfig& config) {
  return config.details.empty() || io::hdf5_is_thread_safe();
}

}  // namespace

RedshiftReport RedshiftStage::execute(const RedshiftPlan& plan) const {
  const Stopwatch whole;
  comm::agree(world_, "", [&] {
    if (!plan.memory.too_little.empty()) throw ConfigError("configuration", "redshift.memory", plan.memory.too_little);
  });
  const auto folders = std::make_shared<io::OutputFolders>();
  comm::agree(world_, "", [&] {
    for (const std::string& path : outputs_of(config_))
      if (world_.is_root()) folders->make_for(path);
  });
  const std::string gpus = plan.strategy->uses_gpus() ? describe_gpus(world_, plan.roles) : "";
  RoundRunner run(world_, config_, plan, options_);
  {
    const bool talk = world_.is_root() && job_.verbosity >= 0;
    terminal::Progress progress(out_, talk ? options_.progress : terminal::Progress::Style(), "redshift",
                                plan.memory.nround * count_redshifts(plan.templates.templates), "redshifts");
    RoundRunner::Done done;
    if (world_.is_root()) done = [&, n = std::size_t{0}](std::size_t nz) mutable { progress.update(n += nz); };
    for (std::size_t first = 0; first < plan.targets.size(); first += plan.memory.round)
      run.round(first, std::min(plan.memory.round, plan.targets.size() - first), done);
  }
  RedshiftReport report;
  report.executed = true;
  const double planned = plan.plan_seconds + plan.calibrate_seconds;
  run.times().add(whole_step, planned + whole.seconds());
  report.timing = run.times().over_ranks(world_);
  report.ranks = run.reports();
  report.seconds = whole.seconds();
  comm::agree(world_, "", [&] {
    if (!world_.is_root()) return;
    const Stopwatch watch;
    auto done = std::make_shared<DoneRun>(
        config_, make_results(config_, plan.targets, plan.templates, *plan.tables, std::move(run.fits())));
    done->results.run = run_tables(plan, report);
    done->models = std::move(run.models());
    blank_models(done->results, done->models);
    if (run.details()) done->details.emplace(std::move(*run.details()));
    done->provenance = provenance_;
    done->provenance.inputs = config_.input;
    done->provenance.sources = plan.sources;
    done->provenance.finished = utc_now();
    done->provenance.strategy = plan.strategy->title();
    if (plan.strategy->uses_gpus() && plan.strategy->dealing == Dealing::capacity)
      done->provenance.strategy += fmt::format(", gpu_capacity {:.4g}", plan.gpu_capacity);
    done->provenance.nranks = world_.size();
    done->provenance.layout = describe_layout(plan.roles, kernels::host_concurrency());
    done->provenance.gpus = gpus;
    done->timing = report.timing;
    done->folders = folders;
    count(done->results, report);
    if (options_.write_behind && may_write_behind(config_))
      options_.write_behind([done] { write(*done); });
    else
      write(*done);
    run.times().add(write_step, watch.seconds());
    run.times().add(whole_step, watch.seconds());
  });
  report.timing = run.times().over_ranks(world_);
  report.seconds = whole.seconds();
  return report;
}

}  // namespace zspex::pipeline
