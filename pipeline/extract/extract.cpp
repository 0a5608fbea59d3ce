#include "pipeline/extract/extract.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

#include "io/output.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/gather.hpp"
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

comm::Communicator ExtractStage::split_nodes() const {
  auto node = world_.split_by_node();
  return options_.ranks_per_node > 0 ? node.split(node.rank() / options_.ranks_per_node) : std::move(node);
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
    if (role.on_gpu) layout.sharers = std::max(layout.sharers, role.sharers);
  }
  layout.gpu_memory = options_.worker.gpu_memory;
  const int code = comm::share(world_, [&] { return static_cast<int>(print_plan(plan, config_, layout, out_)); });
  return static_cast<ExitCode>(code);
}

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

GpuWish gpu_wish(const config::ExtractConfig& config, bool gpu_program) {
  using config::Device;
  if (config.device == Device::gpu && !gpu_program)
    throw ConfigError("configuration", "extract.device",
                      "expected a program with a GPU backend, found one that was built without. Use --device cpu, or "
                      "build with the preset cuda or hip.");
  if (config.device == Device::cpu && config.gpu_ranks > 0)
    throw ConfigError("configuration", "extract.gpu_ranks",
                      "expected no GPU ranks with --device cpu, found " + std::to_string(config.gpu_ranks) +
                          ". Use --device auto, or leave gpu_ranks out.");
  GpuWish wish{GpuUse::none, config.gpu_ranks, "extract.gpu_ranks", "use --device cpu", 0};
  if (config.device == Device::gpu) wish.use = GpuUse::all;
  if (config.device == Device::automatic) wish.use = config.gpu_ranks > 0 ? GpuUse::some : GpuUse::some_if_any;
  return wish;
}

}  // namespace zspex::pipeline
