#include "pipeline/extract/extract.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "pipeline/comm/agree.hpp"
#include "pipeline/extract/frame_comms.hpp"

namespace zspex::pipeline {

ExitCode run_extract(const ExtractStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                     std::ostream& out) {
  const ExtractPlan plan = stage.plan();
  const bool talk = world.is_root() && job.verbosity >= 0;
  if (talk) {
    for (const std::string& note : plan.notes) out << "extract: " << note << "\n";
    for (const std::string& path : plan.already_done) out << path << " is there already\n";
  }
  if (job.dry_run) return stage.print(plan);
  if (plan.frames.empty()) return ExitCode::success;
  if (job.verbosity > 0) stage.print(plan);
  const ExtractReport report = stage.execute(plan);
  if (talk) print_report(report, job.verbosity > 0, out);
  return report.code;
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

ExitCode ExtractStage::print(const ExtractPlan& plan) const {
  const FrameComms comms = make_frame_comms(world_, split_nodes(), static_cast<int>(plan.frames.size()));
  const auto roots = comm::all_gather<int>(world_, comms.node.is_root() ? 1 : 0);
  Layout layout;
  layout.nrank = world_.size();
  layout.nnode = static_cast<int>(std::count(roots.begin(), roots.end(), 1));
  layout.ngroup = comms.ngroup;
  layout.group_size = comms.group.size();
  layout.device = provenance_.kokkos;
  for (const Role& role : comm::all_gather(world_, options_.role)) {
    layout.ngpu_rank += role.on_gpu;
    if (role.on_gpu) layout.ranks_per_gpu = std::max(layout.ranks_per_gpu, role.ranks_per_gpu);
  }
  layout.gpu_memory = options_.worker.gpu_memory;
  const int code = comm::share(world_, [&] { return static_cast<int>(print_plan(plan, config_, layout, out_)); });
  return static_cast<ExitCode>(code);
}

comm::Communicator ExtractStage::split_nodes() const {
  auto node = world_.split_by_node();
  return options_.ranks_per_node > 0 ? node.split(node.rank() / options_.ranks_per_node) : std::move(node);
}

}  // namespace zspex::pipeline
