#include "pipeline/redshift/redshift.hpp"

#include <ostream>

#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/plan_table.hpp"

namespace zspex::pipeline {
namespace {

RedshiftReport plan_and_execute(const RedshiftStage& stage, const comm::Communicator& world,
                                const config::JobConfig& job, std::ostream& out) {
  const RedshiftPlan plan = stage.plan();
  const bool talk = world.is_root() && job.verbosity >= 0;
  if (talk)
    for (const std::string& note : plan.notes) out << "redshift: " << note << "\n";
  if (plan.already_done) {
    if (talk) out << "redshift: all outputs are there already\n";
    return {};
  }
  if (job.dry_run || job.verbosity > 0) stage.print(plan);
  if (job.dry_run) {
    stage.write_plans(plan);
    return {};
  }
  if (talk && job.verbosity == 0 && !plan.strategies.empty())
    out << "redshift: AUTO takes " << why(plan.strategies, plan.chosen) << "\n";
  RedshiftReport report = stage.execute(plan);
  if (talk) print_report(plan, report, job.verbosity > 0, out);
  return report;
}

}  // namespace

RedshiftReport run_redshift(const RedshiftStage& stage, const comm::Communicator& world, const config::JobConfig& job,
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
  return plan_redshift(world_, config_, job_, provenance_, options_,
                       [&](const std::string& warning) { err_ << "zspex redshift: warning: " << warning << "\n"; });
}

void RedshiftStage::print(const RedshiftPlan& plan) const {
  if (world_.is_root()) print_plan(plan, config_, world_.size(), out_);
}

void RedshiftStage::write_plans(const RedshiftPlan& plan) const {
  if (config_.plan_table.empty()) return;
  comm::agree(world_, "", [&] {
    if (!world_.is_root()) return;
    std::vector<TablePlan> rows;
    for (const StrategyPlan& one : plan.strategies) rows.push_back({plan.machine, plan.targets.size(), one});
    write_plan_table(config_.plan_table, rows);
  });
}

}  // namespace zspex::pipeline
