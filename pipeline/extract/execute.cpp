#include <algorithm>
#include <map>
#include <utility>

#include "io/output.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/gather.hpp"
#include "pipeline/extract/extract.hpp"
#include "pipeline/extract/frame_comms.hpp"
#include "pipeline/extract/listener.hpp"

namespace zspex::pipeline {
namespace {

/// The outcomes of all groups onto the world's root, in the order of the plan.
std::vector<FrameOutcome> gather_outcomes(const comm::Communicator& world, const FrameComms& comms,
                                          const std::vector<FrameOutcome>& mine) {
  const auto bytes = comm::to_bytes(mine);
  std::vector<comm::Part> parts;
  if (comms.group.is_root()) parts.push_back({static_cast<std::uint64_t>(comms.igroup), bytes});
  std::map<std::uint64_t, std::vector<std::byte>> arrived;
  comm::gather(world, parts, [&](std::uint64_t group, std::size_t nbytes) {
    auto& buffer = arrived[group];
    buffer.resize(nbytes);
    return std::span<std::byte>(buffer);
  });
  std::vector<FrameOutcome> all;
  for (const auto& [group, buffer] : arrived) {
    for (FrameOutcome& outcome : comm::from_bytes<std::vector<FrameOutcome>>(buffer)) all.push_back(std::move(outcome));
  }
  std::sort(all.begin(), all.end(), [](const FrameOutcome& a, const FrameOutcome& b) { return a.index < b.index; });
  return all;
}

}  // namespace

ExtractReport ExtractStage::execute(const ExtractPlan& plan) const {
  const Stopwatch watch;
  io::OutputFolders folders;
  comm::agree(world_, "", [&] {
    if (!world_.is_root()) return;
    for (const FrameFiles& files : plan.frames)
      for (const std::string& path : files.outputs()) folders.make_for(path);
  });
  const int nframe = static_cast<int>(plan.frames.size());
  const FrameComms comms = make_frame_comms(world_, split_nodes(), nframe);
  std::vector<FrameFiles> mine;
  for (int i = comms.igroup; i < nframe; i += comms.ngroup) mine.push_back(plan.frames[static_cast<std::size_t>(i)]);

  Listener listener;
  if (comms.group.is_root()) {
    const auto style = world_.is_root() ? options_.progress : terminal::Progress::Style();
    listener = make_listener(out_, err_, mine.size(), style, job_.verbosity >= 0);
  }
  FrameRunner runner(comms, std::move(mine), config_, provenance_, options_.worker, options_.role, std::move(listener));
  std::vector<FrameOutcome> outcomes = runner.run();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].index = comms.igroup + static_cast<int>(i) * comms.ngroup;
  }
  ExtractReport report;
  report.frames = gather_outcomes(world_, comms, outcomes);
  report.timing = runner.times().over_ranks(world_);
  WorkerReport done = runner.report();
  done.role = options_.role;
  report.ranks = comm::all_gather(world_, done);
  report.seconds = watch.seconds();
  report.code =
      static_cast<ExitCode>(comm::share(world_, [&] { return static_cast<int>(overall_code(report.frames)); }));
  return report;
}

}  // namespace zspex::pipeline
