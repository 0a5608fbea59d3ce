#include "pipeline/extract/extract.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/gather.hpp"
#include "pipeline/extract/listener.hpp"

namespace zspex::pipeline {
namespace {

/// The outcomes of all groups onto the world's root, in the order of the plan.
std::vector<FrameOutcome> gather_outcomes(const comm::Communicator& world, const Crew& crew,
                                          const std::vector<FrameOutcome>& mine) {
  const auto bytes = comm::to_bytes(mine);
  std::vector<comm::Part> parts;
  if (crew.group.is_root()) parts.push_back({static_cast<std::uint64_t>(crew.igroup), bytes});
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
                           io::Provenance provenance, std::ostream& out, std::ostream& err, ExtractOptions options)
    : world_(world),
      config_(std::move(config)),
      job_(job),
      provenance_(std::move(provenance)),
      out_(out),
      err_(err),
      options_(std::move(options)) {}

ExtractPlan ExtractStage::plan() const {
  return comm::share(world_, [&] { return plan_extract(config_, job_); });
}

comm::Communicator ExtractStage::split_nodes() const {
  auto node = world_.split_by_node();
  return options_.ranks_per_node > 0 ? node.split(node.rank() / options_.ranks_per_node) : std::move(node);
}

ExitCode ExtractStage::print(const ExtractPlan& plan) const {
  const Crew crew = make_crew(world_, split_nodes(), static_cast<int>(plan.frames.size()));
  const auto roots = comm::all_gather<int>(world_, crew.node.is_root() ? 1 : 0);
  Layout layout;
  layout.nrank = world_.size();
  layout.nnode = static_cast<int>(std::count(roots.begin(), roots.end(), 1));
  layout.ngroup = crew.ngroup;
  layout.group_size = crew.group.size();
  layout.device = provenance_.kokkos;
  const int code = comm::share(world_, [&] { return static_cast<int>(print_plan(plan, config_, layout, out_)); });
  return static_cast<ExitCode>(code);
}

ExtractReport ExtractStage::execute(const ExtractPlan& plan) const {
  const Stopwatch watch;
  const int nframe = static_cast<int>(plan.frames.size());
  const Crew crew = make_crew(world_, split_nodes(), nframe);
  std::vector<FrameFiles> mine;
  for (int i = crew.igroup; i < nframe; i += crew.ngroup) mine.push_back(plan.frames[static_cast<std::size_t>(i)]);

  Listener listener;
  if (crew.group.is_root()) {
    const auto mode = world_.is_root() ? options_.progress : terminal::Progress::Mode::silent;
    listener = make_listener(out_, err_, mine.size(), mode, job_.verbosity >= 0);
  }
  FrameRunner runner(crew, std::move(mine), config_, provenance_, options_.make_extractor, std::move(listener));
  std::vector<FrameOutcome> outcomes = runner.run();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].index = crew.igroup + static_cast<int>(i) * crew.ngroup;
  }
  ExtractReport report;
  report.frames = gather_outcomes(world_, crew, outcomes);
  report.timing = runner.times().over_ranks(world_);
  report.seconds = watch.seconds();
  report.code =
      static_cast<ExitCode>(comm::share(world_, [&] { return static_cast<int>(overall_code(report.frames)); }));
  return report;
}

ExitCode run_extract(const ExtractStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                     std::ostream& out) {
  const ExtractPlan plan = stage.plan();
  if (job.dry_run) return stage.print(plan);
  const bool talk = world.is_root() && job.verbosity >= 0;
  if (talk) {
    for (const std::string& path : plan.already_done) out << path << " is there already\n";
  }
  if (plan.frames.empty()) return ExitCode::success;
  if (job.verbosity > 0) stage.print(plan);
  const ExtractReport report = stage.execute(plan);
  if (talk) print_report(report, out);
  return report.code;
}

void check_device(config::Device device, int visible_devices, bool needs_device) {
  if (needs_device && visible_devices == 0) {
    throw ConfigError("configuration", "extract.device",
                      "expected a GPU, as this program was built for one, found none. Look at nvidia-smi (or rocm-smi) "
                      "and CUDA_VISIBLE_DEVICES, or use a build of the default preset on this machine.");
  }
  if (device == config::Device::gpu && visible_devices == 0) {
    throw ConfigError(
        "configuration", "extract.device",
        "expected a GPU, found none: this program was built without a GPU backend. Use --device cpu, or build with "
        "the preset cuda or hip.");
  }
  if (device == config::Device::cpu && visible_devices > 0) {
    throw ConfigError(
        "configuration", "extract.device",
        "expected a program that computes on the CPU, found one that was built for a GPU. Use --device gpu, or a "
        "build of the default preset.");
  }
}

}  // namespace zspex::pipeline
