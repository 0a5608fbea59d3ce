#include <optional>
#include <utility>

#include "core/host_name.hpp"
#include "io/output.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/node_shared.hpp"
#include "pipeline/extract/extract.hpp"
#include "pipeline/extract/frame_comms.hpp"
#include "pipeline/extract/listener.hpp"
#include "pipeline/outcome.hpp"
#include "pipeline/provenance.hpp"

namespace zspex::pipeline {
namespace {

/// Of the frames of a group: by its ranks.
Provenance provenance_of_group(Provenance job, const FrameComms& comms, Role mine) {
  mine.node = comms.inode;
  Roles roles;
  roles.ranks = comm::all_gather(comms.group, mine);
  roles.nnode = comms.nnode;
  job.nranks = comms.group.size();
  job.layout = describe_layout(roles, kernels::host_concurrency());
  job.gpus = describe_gpus(comms.group, roles);
  return job;
}

}  // namespace

ExtractReport ExtractStage::execute(const ExtractPlan& plan) const {
  const Stopwatch watch;
  io::OutputFolders folders;
  comm::agree(world_, "", [&] {
    if (!world_.is_root()) return;
    for (const FrameFiles& files : plan.frames) folders.make_for_all(files.outputs());
  });
  const Grouping grouping = group_frames(plan);
  const comm::Communicator node = split_nodes();
  const FrameComms comms = make_frame_comms(world_, node, grouping.of_rank);
  const std::vector<std::size_t>& share = grouping.shares.runs_of(comms.igroup);
  comm::WorkCounter counter(node);
  counter.restart(node, share.size());
  const bool alone = comms.ngroup == 1;

  Listener listener;
  if (comms.group.is_root()) {
    // Bars of several groups would mix.
    listener = make_listener(out_, err_, plan.frames.size(), alone ? options_.progress : terminal::Progress::Style(),
                             job_.verbosity >= 0);
  }
  const auto take = [&]() -> std::optional<std::size_t> {
    const auto next = counter.take();
    return next ? std::optional(share[*next]) : std::nullopt;
  };
  FrameRunner runner(comms, plan.frames, config_, provenance_of_group(provenance_, comms, options_.role),
                     options_.worker, options_.role, take, std::move(listener));
  std::vector<FrameOutcome> outcomes = runner.run();
  for (FrameOutcome& outcome : outcomes) {
    outcome.group = comms.igroup;
    outcome.host = host_name();
  }
  ExtractReport report;
  report.frames = gather_outcomes(world_, outcomes);
  report.timing = runner.times().over_ranks(world_);
  WorkerReport done = runner.report();
  done.role = options_.role;
  report.ranks = comm::all_gather(world_, done);
  report.seconds = watch.seconds();
  report.code = static_cast<ExitCode>(
      comm::share(world_, [&] { return static_cast<int>(overall_code(all_outcomes(plan, report))); }));
  return report;
}

}  // namespace zspex::pipeline
