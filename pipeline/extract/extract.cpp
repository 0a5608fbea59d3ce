#include "pipeline/extract/extract.hpp"

#include <algorithm>
#include <ostream>
#include <set>
#include <utility>

#include "io/output.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/extract/frame_comms.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

ExitCode run_extract(const ExtractStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                     std::ostream& out) {
  io::OutputFolders folders;
  stage.prepare_report(folders);
  const ExtractPlan plan = stage.plan();
  const bool talk = world.is_root() && job.verbosity >= 0;
  if (talk) {
    for (const std::string& note : plan.notes) out << "extract: " << note << "\n";
    for (const FrameFiles& files : plan.kept) out << files.output << " is there already\n";
  }
  if (job.dry_run) return stage.print(plan);
  ExtractReport report;
  if (!plan.frames.empty()) {
    if (job.verbosity > 0) stage.print(plan);
    report = stage.execute(plan);
  }
  return stage.tell(plan, report);
}

ExtractStage::ExtractStage(const comm::Communicator& world, config::ExtractConfig config, config::JobConfig job,
                           Provenance provenance, std::ostream& out, std::ostream& err, ExtractOptions options)
    : world_(world),
      config_(std::move(config)),
      job_(job),
      provenance_(std::move(provenance)),
      out_(out),
      err_(err),
      options_(std::move(options)) {}

ExtractPlan ExtractStage::plan() const {
  return comm::share(world_, [&] { return plan_extract(config_, job_, provenance_); });
}

void ExtractStage::prepare_report(io::OutputFolders& folders) const {
  pipeline::prepare_report(world_, config_.report, !job_.dry_run, folders);
}

ExtractStage::Grouping ExtractStage::group_frames(const ExtractPlan& plan) const {
  const std::vector<int> nodes = nodes_of_ranks();
  std::vector<Role> ranks = comm::all_gather(world_, options_.role);
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) ranks[rank].node = nodes[rank];
  const GroupLimits limits{config_.gpu_capacity, false, comm::all_gather(world_, node_memory()).front()};
  Grouping grouping;
  grouping.of_rank =
      group_ranks(ranks, config_.group > 0 ? config_.group : choose_group_size(ranks, plan.costs, limits));
  grouping.shares = deal_runs(ranks, grouping.of_rank, plan.costs, config_.gpu_capacity);
  return grouping;
}

ExitCode ExtractStage::print(const ExtractPlan& plan) const {
  const FrameComms comms = make_frame_comms(world_, split_nodes(), group_frames(plan).of_rank);
  Layout layout;
  layout.nrank = world_.size();
  layout.ngroup = comms.ngroup;
  layout.group_size = comms.group.size();
  layout.device = provenance_.kokkos;
  const std::vector<int> nodes = nodes_of_ranks();
  layout.nnode = static_cast<int>(std::set<int>(nodes.begin(), nodes.end()).size());
  for (const Role& role : comm::all_gather(world_, options_.role)) {
    layout.ngpu_rank += role.on_gpu;
    if (role.on_gpu) layout.ranks_per_gpu = std::max(layout.ranks_per_gpu, role.ranks_per_gpu);
  }
  layout.gpu_memory = options_.worker.gpu_memory;
  const int code = comm::share(world_, [&] {
    std::vector<ExitCode> codes = print_plan(plan, config_, layout, out_);
    if (job_.dry_run) tell_refused(plan);  // else tell() does
    for (const RunOutcome& run : plan.failed) codes.push_back(run.code);
    codes.resize(codes.size() + plan.kept.size(), ExitCode::success);
    return static_cast<int>(overall_code(codes));
  });
  return static_cast<ExitCode>(code);
}

void ExtractStage::tell_refused(const ExtractPlan& plan) const {
  for (const RunOutcome& run : plan.failed) err_ << "zspex extract: " << run.reason << "\n";
}

ExitCode ExtractStage::tell(const ExtractPlan& plan, const ExtractReport& report) const {
  const int code = comm::share(world_, [&] {
    tell_refused(plan);
    const bool something = !plan.frames.empty() || !plan.failed.empty();
    if (job_.verbosity >= 0 && something) print_report(plan, report, job_.verbosity > 0, out_);
    const std::vector<RunOutcome> all = all_outcomes(plan, report);
    if (!config_.report.empty()) io::write_file(config_.report, to_csv(all));
    return static_cast<int>(overall_code(all));
  });
  return static_cast<ExitCode>(code);
}

/// The node of each rank, by its lowest rank.
std::vector<int> ExtractStage::nodes_of_ranks() const {
  const auto node = split_nodes();
  return comm::all_gather(world_, comm::all_gather(node, world_.rank()).front());
}

comm::Communicator ExtractStage::split_nodes() const {
  auto node = world_.split_by_node();
  return options_.ranks_per_node > 0 ? node.split(node.rank() / options_.ranks_per_node) : std::move(node);
}

}  // namespace zspex::pipeline
