#include "pipeline/redshift/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <vector>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "config/machine_file.hpp"
#include "config/yaml_reader.hpp"
#include "core/error.hpp"
#include "core/format.hpp"
#include "core/host_name.hpp"
#include "core/median.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/machine_cache.hpp"
#include "pipeline/redshift/backend_rates.hpp"
#include "pipeline/redshift/choose.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

constexpr double giga = 1e9;

/// What the root decides on. Travels.
struct Choice {
  std::string yaml;  ///< of the machine whose rates are known
  bool assumed = false;
  std::string note, warning;
};
template <class Archive>
void fields(Archive& archive, Choice& choice) {
  archive(choice.yaml, choice.assumed, choice.note, choice.warning);
}

/// What zspex measure keeps. A file that can't be used is no reason to end.
Choice look_up(const config::MachineConfig& machine, const Roles& roles) {
  Choice choice;
  config::MachineConfig now = machine;
  now.name = host_name();
  now.measured_by = program_and_backend();
  now.ranks = static_cast<int>(std::lround(machine.ranks / roles.node_share));  // all groups of a node are at work
  if (!kernels::needs_device()) now.gpus = 0;
  const std::string path = machine_cache_path(now.name, now.ranks);
  std::error_code ignored;
  if (path.empty() || !std::filesystem::exists(path, ignored)) return choice;
  std::string why;
  try {
    const config::MachineConfig known = config::read_machine_file(path);
    why = why_other_machine(known, now);
    if (why.empty()) {
      choice.yaml = config::machine_yaml(known, "");
      choice.note = fmt::format("rates of {}, as zspex measure found them (--calibrate always measures again)", path);
    }
  } catch (const Error& error) {
    why = error.what();
  }
  if (!why.empty())
    choice.warning = fmt::format("{} isn't used: {}. Remove it; zspex measure writes it anew.", path, why);
  return choice;
}

/// Measuring doesn't pay where the fastest strategy, predicted with the rates by default, is over sooner.
void assume_if_short(const config::RedshiftConfig& config, const TargetList& targets,
                     const kernels::RedshiftFitter& fitter, const config::MachineConfig& machine, Choice& choice) {
  // Three pieces, each done once before; on a GPU the same and copies.
  const double measuring = machine.gpus > 0 && kernels::needs_device() ? 1.4 : 0.6;
  config::MachineConfig usual = machine;
  if (!kernels::needs_device()) usual.gpus = 0;
  double seconds = std::numeric_limits<double>::infinity();
  for (const StrategyPlan& plan : plan_strategies(fitter, targets, config, usual, false))
    if (plan.usable()) seconds = std::min(seconds, plan.time.total());
  choice.assumed = seconds < measuring;
  if (choice.assumed)
    choice.note = fmt::format(
        "nothing measured: with usual rates the fits are predicted to take {:.2g} s, and measuring takes {:.2g} s",
        seconds, measuring);
}

/// Targets so many times, in the same arrays.
kernels::PackedTargets repeat(const kernels::PackedTargets& some, std::size_t times) {
  kernels::PackedTargets all;
  for (std::size_t i = 0; i < times; ++i) {
    all.targets.insert(all.targets.end(), some.targets.begin(), some.targets.end());
    all.spectra.insert(all.spectra.end(), some.spectra.begin(), some.spectra.end());
  }
  return all;
}

/// The root's choice, on all ranks.
void take_kept(const comm::Communicator& world, const Choice& choice, config::MachineConfig& machine) {
  config::Settings settings;
  comm::agree(world, "", [&] { config::read_yaml_text(choice.yaml, "rates", settings); });
  take_rates(settings.machine, machine);
}

/// Bytes/s from rank to rank, all sending.
double ring_rate(const comm::Communicator& world) {
  if (world.size() == 1) return 0;
  constexpr std::size_t nbytes = std::size_t{4} << 20;
  constexpr int times = 8;
  std::vector<std::byte> out(nbytes), in(nbytes);
  const int nrank = world.size(), rank = world.rank();
  world.barrier();
  const Stopwatch watch;
  for (int i = 0; i < times; ++i) comm::Exchange(world, out, (rank + 1) % nrank, in, (rank + nrank - 1) % nrank).wait();
  return times * static_cast<double>(nbytes) / watch.seconds();
}

}  // namespace

void take_rates(const config::MachineConfig& from, config::MachineConfig& to) {
  using C = config::MachineConfig;
  C taken = from;
  taken.name = to.name;
  for (const auto size : {&C::nodes, &C::ranks, &C::gpus}) taken.*size = to.*size;
  for (const auto size : {&C::memory, &C::gpu_memory, &C::rank_overhead, &C::gpu_overhead, &C::template_copies})
    taken.*size = to.*size;
  to = taken;
}

FoundRates find_kept_rates(const comm::Communicator& world, const Roles& roles, const config::RedshiftConfig& config,
                           config::MachineConfig& machine) {
  if (config.calibrate == config::Calibrate::always) return {};
  const Choice choice = comm::share(world, [&] { return look_up(machine, roles); });
  if (!choice.yaml.empty()) take_kept(world, choice, machine);
  return {false, !choice.yaml.empty(), choice.note, choice.warning};
}

FoundRates find_rates(const comm::Communicator& world, const Roles& roles, const config::RedshiftConfig& config,
                      bool may_assume, const TargetList& targets, kernels::RedshiftFitter& fitter,
                      config::MachineConfig& machine) {
  Choice choice;
  if (config.calibrate == config::Calibrate::automatic)
    choice = comm::share(world, [&] {
      Choice known = look_up(machine, roles);
      if (known.yaml.empty() && may_assume) assume_if_short(config, targets, fitter, machine, known);
      return known;
    });
  if (!choice.yaml.empty()) {
    take_kept(world, choice, machine);
  } else if (!choice.assumed) {
    calibrate(world, roles, config, targets, fitter, machine);
  }
  return {choice.yaml.empty() && !choice.assumed, !choice.yaml.empty(), choice.note, choice.warning};
}

void calibrate(const comm::Communicator& world, const Roles& roles, const config::RedshiftConfig& config,
               const TargetList& targets, kernels::RedshiftFitter& fitter, config::MachineConfig& machine) {
  struct Mine {
    BackendRates host, gpu;
    double upload = 0, fresh = 0;
    bool on_gpu = false;
  } mine;
  mine.on_gpu = roles.ranks[static_cast<std::size_t>(world.rank())].on_gpu;
  constexpr std::size_t ntarget = 8;
  constexpr double enough = 0.1;  // seconds of each piece
  const int it = longest_template(fitter);
  world.barrier();
  comm::agree(world, "calibrate", [&] {
    kernels::OwnTargets made = invent_targets(fitter, targets, ntarget);
    fitter.set_targets(made.packed, made.arrays(), false);
    mine.host = measure_host_rates(fitter, it, config, ntarget, enough);
    mine.fresh = fresh_memory_rate(enough);
    if (!mine.on_gpu) return;
    std::size_t n = ntarget;
    if (kernels::needs_device()) {  // enough fits to fill a GPU, of the same spectra again and again
      constexpr std::size_t full = 500;
      made.packed = repeat(made.packed, full / ntarget);
      n = made.packed.targets.size();
      fitter.set_targets(made.packed, made.arrays(), false);
    }
    fitter.copy_targets_to_device();
    mine.gpu = measure_rates(fitter.backend(kernels::BackendKind::device), fitter, it, config, n, enough);
    mine.upload = upload_rate(fitter, std::size_t{4} << 20, enough);
  });
  const double ring = ring_rate(world) / giga;
  const auto all = comm::all_gather(world, mine);
  auto rings = comm::all_gather(world, ring);
  const auto over_ranks = [&](const std::function<double(const Mine&)>& value, bool gpus) {
    std::vector<double> values;
    for (const Mine& one : all)
      if (!gpus || one.on_gpu) values.push_back(value(one));
    return median(values);
  };
  const auto take = [&](double& rate, const std::function<double(const Mine&)>& value, bool gpu) {
    const double measured = over_ranks(value, gpu);
    if (measured > 0) rate = measured;
  };
  take(
      machine.host_rebin, [](const Mine& m) { return m.host.rebin; }, false);
  take(
      machine.host_scan, [](const Mine& m) { return m.host.scan; }, false);
  take(
      machine.host_fine, [](const Mine& m) { return m.host.fine; }, false);
  take(
      machine.gpu_rebin, [](const Mine& m) { return m.gpu.rebin; }, true);
  take(
      machine.gpu_scan, [](const Mine& m) { return m.gpu.scan; }, true);
  take(
      machine.gpu_fine, [](const Mine& m) { return m.gpu.fine; }, true);
  take(
      machine.fresh_memory, [](const Mine& m) { return m.fresh; }, false);
  take(
      machine.gpu_bandwidth, [](const Mine& m) { return m.upload; }, true);
  if (const double measured = median(rings); measured > 0) machine.ring_bandwidth = measured;
  fitter.set_targets({}, {}, false);
#ifdef __GLIBC__
  malloc_trim(0);  // what was freed would otherwise stay with the process, beside what the plan counts
#endif
}

}  // namespace zspex::pipeline
