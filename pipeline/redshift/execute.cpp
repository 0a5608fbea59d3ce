#include <algorithm>
#include <ostream>

#include "io/output.hpp"
#include "pipeline/comm/agree.hpp"
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

}  // namespace

RedshiftReport RedshiftStage::execute(const RedshiftPlan& plan) const {
  const Stopwatch whole;
  comm::agree(world_, "", [&] {
    if (!plan.memory.too_little.empty()) throw ConfigError("configuration", "redshift.memory", plan.memory.too_little);
  });
  io::OutputFolders folders;
  comm::agree(world_, "", [&] {
    for (const std::string& path : outputs_of(config_))
      if (world_.is_root()) folders.make_for(path);
  });
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
  report.timing = run.times().over_ranks(world_);
  report.ranks = run.reports();
  report.seconds = whole.seconds();
  comm::agree(world_, "", [&] {
    if (!world_.is_root()) return;
    const Stopwatch watch;
    auto results = make_results(config_, plan.targets, plan.templates, *plan.tables, std::move(run.fits()));
    results.run = run_tables(plan, report);
    blank_models(results, run.models());
    Provenance provenance = provenance_;
    provenance.inputs = config_.input;
    provenance.sources = plan.sources;
    provenance.finished = utc_now();
    provenance.strategy = plan.strategy->text();
    std::vector<Output> outputs;
    if (config_.output.ends_with(".h5"))
      outputs.push_back(
          {config_.output, [&] { io::write_redshifts_hdf5(config_.output, results, provenance, report.timing); }});
    else if (!config_.output.empty())
      outputs.push_back({config_.output, [&] { io::write_redshifts_fits(config_.output, results, provenance); }});
    if (!config_.model.empty())
      outputs.push_back(
          {config_.model, [&] { io::write_model_fits(config_.model, results, run.models(), provenance); }});
    if (run.details())
      outputs.push_back({config_.details, [&] { run.details()->finish(results, provenance, report.timing); }});
    write_each(outputs);
    count(results, report);
    run.times().add(write_step, watch.seconds());
  });
  report.timing = run.times().over_ranks(world_);
  report.seconds = whole.seconds();
  return report;
}

}  // namespace zspex::pipeline
