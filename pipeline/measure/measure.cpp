#include "pipeline/measure/measure.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <ostream>

#include "config/machine_file.hpp"
#include "config/schema.hpp"
#include "core/error.hpp"
#include "core/format.hpp"
#include "core/host_name.hpp"
#include "io/output.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/machine_cache.hpp"
#include "pipeline/measure/eigenvalues.hpp"
#include "pipeline/measure/fits.hpp"
#include "pipeline/measure/messages.hpp"
#include "pipeline/measure/pi.hpp"
#include "pipeline/measure/serial.hpp"
#include "pipeline/measure/storage.hpp"
#include "pipeline/redshift/machine.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

using namespace measure;

/// One after the other: each takes its part of the time.
class Report {
 public:
  Report(bool talks, const Screen& screen, std::ostream& out, config::MachineConfig& machine)
      : talks_(talks), screen_(screen), out_(out), machine_(machine) {}

  template <class Measured>
  void take(const Measured& measured) {
    fill(measured, machine_);
    if (talks_) print(describe(measured), screen_, out_);
  }

 private:
  bool talks_;
  const Screen& screen_;
  std::ostream& out_;
  config::MachineConfig& machine_;
};

/// Four digits of each number are enough. What is not a number that the schema allows stays unknown, as by default.
config::MachineConfig rounded(const config::MachineConfig& machine) {
  config::Settings settings;
  settings.machine = machine;
  for (const config::Field* field : config::fields_of("machine")) {
    if (field->type != "number") continue;
    const double value = std::strtod(field->yaml(settings).c_str(), nullptr);
    const bool allowed = std::isfinite(value) && field->limits.allow(value);
    field->set(settings,
               config::scalar(allowed ? fmt::format("{:.4g}", value) : field->yaml(config::Settings{}), "measure"));
  }
  return settings.machine;
}

/// The folder whose disk is measured.
std::string scratch_of(const config::MeasureConfig& config) {
  const std::string folder =
      !config.scratch.empty() ? config.scratch : std::filesystem::path(config.output).parent_path().string();
  return std::filesystem::absolute(folder.empty() ? "." : folder).lexically_normal().string();
}

std::string layout_of(const config::MachineConfig& machine) {
  return fmt::format("{} node{} of {} rank{}, {:.3g} GiB{}", machine.nodes, machine.nodes == 1 ? "" : "s",
                     machine.ranks, machine.ranks == 1 ? "" : "s", machine.memory,
                     machine.gpus == 0 ? ", no GPU"
                                       : fmt::format(", {} GPU{} of {:.3g} GiB", machine.gpus,
                                                     machine.gpus == 1 ? "" : "s", machine.gpu_memory));
}

/// Writes the cache. What was measured is told in any case: a cache that can't be written is a warning.
void keep(const config::MachineConfig& machine, const std::string& yaml, io::OutputFolders& folders, bool talks,
          std::ostream& out, std::ostream& err) {
  const std::string path = machine_cache_path(machine.name, machine.ranks);
  try {
    if (path.empty())
      throw ConfigError("environment", "XDG_CACHE_HOME",
                        "expected a folder here or in HOME, found none; set one, or take --no-cache");
    folders.make_for(path);
    io::write_file(path, yaml);
    if (talks) out << "measure: wrote " << path << ", for zspex redshift --strategy AUTO\n";
  } catch (const Error& error) {
    err << "zspex measure: warning: nothing is kept for AUTO: " << error.what() << "\n";
  }
}

}  // namespace

GpuRequest gpu_request_of_measure(const comm::Communicator& world, bool gpu_program) {
  if (!gpu_program) return {};
  const auto seen = comm::all_gather(world, kernels::visible_devices().size());
  const bool all = std::all_of(seen.begin(), seen.end(), [](std::size_t n) { return n > 0; });
  GpuRequest request;
  request.use = all ? GpuUse::all : GpuUse::some_if_any;
  return request;
}

config::MachineConfig run_measure(const comm::Communicator& world, const config::MeasureConfig& config,
                                  const config::JobConfig& job, const MeasureOptions& options, std::ostream& out,
                                  std::ostream& err) {
  const Stopwatch watch;
  const bool talks = world.is_root() && job.verbosity >= 0;
  comm::agree(world, "", [&] {
    if (world.is_root() && !config.output.empty()) io::check_output(config.output);
  });
  config::MachineConfig machine = this_machine(world, options.roles);
  if (!kernels::needs_device()) machine.gpus = 0;  // the host fallback is none
  machine.name = host_name();
  machine.measured_by = program_and_backend();
  if (talks) out << "measure: " << machine.measured_by << ", " << layout_of(machine) << "\n";
  if (job.dry_run) {
    if (talks)
      out << fmt::format("measure: would take about {:.3g} s, but some seconds at least, and write {}\n",
                         config.seconds, config.output.empty() ? "no file" : config.output);
    return machine;
  }
  const double memory = machine.memory * gibibyte;
  const std::string scratch = scratch_of(config);
  io::OutputFolders folders;
  comm::agree(world, "", [&] {  // now: what is wrong with them is told before time is spent
    if (!world.is_root()) return;
    if (!config.output.empty()) folders.make_for(config.output);
    folders.make_for(scratch + "/");
  });
  const auto node = world.split_by_node();
  const Ranks ranks{world, node, options.roles};
  Report report(talks, options.screen, out, machine);
  report.take(measure_pi(ranks, 0.1 * config.seconds));
  report.take(measure_eigenvalues(ranks, options.sizes, 0.05 * config.seconds));
  report.take(measure_fits(ranks, options.sizes, memory, 0.4 * config.seconds));
  report.take(measure_messages(ranks, options.sizes, 0.1 * config.seconds));
  report.take(measure_storage(ranks, options.sizes, scratch, memory, 0.1 * config.seconds));
  report.take(measure_serial(ranks, options.sizes, scratch, options.start_seconds, 0.2 * config.seconds));

  machine = rounded(machine);
  const std::string heading = fmt::format(
      "Measured by zspex measure on {} ({}), {}, in {:.0f} s.\nRates and their units: docs/performance_model.md; how "
      "they are measured: docs/measure.md.",
      machine.name, utc_now(), layout_of(machine), watch.seconds());
  const std::string yaml = config::machine_yaml(machine, heading);
  if (talks) out << "\n~ scaled from a part, or estimated\n";
  comm::agree(world, "", [&] {
    if (!world.is_root() || config.output.empty()) return;
    io::write_file(config.output, yaml);
    if (talks) out << "measure: wrote " << config.output << ", for zspex redshift --machine\n";
  });
  if (world.is_root() && config.cache) keep(machine, yaml, folders, talks, out, err);
  return machine;
}

}  // namespace zspex::pipeline
