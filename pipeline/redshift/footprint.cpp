#include "pipeline/redshift/footprint.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/format.hpp"
#include "pipeline/redshift/read_targets.hpp"
#include "pipeline/redshift/scan_store.hpp"
#include "pipeline/redshift/slice.hpp"
#include "pipeline/redshift/target_store.hpp"
#include "pipeline/roles.hpp"

namespace zspex::pipeline {
namespace {

std::string gibibytes(double nbytes) { return fmt::format("{:.3g} GiB", nbytes / gibibyte); }

/// A template as it is read, in the fitter, and in its tables.
double template_bytes(const kernels::RedshiftFitter& fitter, int itemplate) {
  const auto& tmpl = fitter.templates()[static_cast<std::size_t>(itemplate)];
  const std::size_t doubles = tmpl.wave.size() * static_cast<std::size_t>(tmpl.nbasis() + 1) + tmpl.redshifts.size();
  return static_cast<double>(2 * doubles * sizeof(double) + fitter.table_bytes(itemplate));
}

/// A target's exposures as they lie in a file, and masked; both are held while it is read.
double reading_bytes(const kernels::RedshiftFitter& fitter, const TargetList& targets) {
  double exposures = 1;
  for (const auto& sources : targets.sources) exposures = std::max(exposures, static_cast<double>(sources.size()));
  const double ndiag = fitter.max_ndiag();
  const double raw = 3 * sizeof(float) + ndiag * sizeof(float), masked = 2 * sizeof(double) + ndiag * sizeof(float);
  return static_cast<double>(fitter.npixel()) * exposures * (raw + masked);
}

double full_bytes(const kernels::RedshiftFitter& fitter) {
  double nbytes = 0;
  for (int it = 0; it < static_cast<int>(fitter.templates().size()); ++it)
    nbytes += static_cast<double>(
        fitter.slice_bytes(it, static_cast<int>(fitter.templates()[static_cast<std::size_t>(it)].redshifts.size())));
  return nbytes;
}

/// Of all redshifts on a GPU; with more than one copy of each template, in double, as long as it is fitted.
double copied_bytes(const kernels::RedshiftFitter& fitter, double copies) {
  if (copies <= 1) return full_bytes(fitter);
  double most = 0;
  for (int it = 0; it < static_cast<int>(fitter.templates().size()); ++it) {
    const auto nz = static_cast<int>(fitter.templates()[static_cast<std::size_t>(it)].redshifts.size());
    most = std::max(most, static_cast<double>(fitter.slice_size(it, nz) * sizeof(double)));
  }
  return copies * most;
}

/// Bytes of rebinned templates: a slice, R x basis of a target, all redshifts on the host and on a GPU.
struct TemplateBytes {
  double slice, columns, full, full_on_gpu;
};

/// Adds what a strategy holds of them.
void hold_templates(const Strategy& strategy, const TemplateBytes& bytes, Footprint& print) {
  constexpr auto host = kernels::BackendKind::host;
  const bool used_on_gpu = strategy.convolve != host;
  double& used = used_on_gpu ? print.gpu.fixed : print.gpu_rank.fixed;
  const double full = used_on_gpu ? bytes.full_on_gpu : bytes.full;
  bool made_on_gpu = false;  // else on the host
  switch (strategy.templates) {
    case Holding::ring:
      print.cpu_rank.fixed += 2 * bytes.slice;
      print.gpu_rank.fixed += 2 * bytes.slice;
      if (used_on_gpu) print.gpu.fixed += 2 * bytes.slice;
      break;
    case Holding::full:
      print.cpu_rank.fixed += bytes.full;
      used += full;
      made_on_gpu = used_on_gpu;
      break;
    case Holding::gathered:
      print.cpu_rank.fixed += bytes.full;
      print.gpu_rank.fixed += bytes.full;
      if (used_on_gpu) print.gpu.fixed += full;
      break;
    case Holding::node:
      print.node.fixed += bytes.full;
      if (used_on_gpu) print.gpu.fixed += full;
      break;
    case Holding::tiles:
      used += 2 * bytes.slice;
      made_on_gpu = used_on_gpu;
      break;
  }
  // A slice that one processor makes for the other.
  if (strategy.uses_gpus() && made_on_gpu != (strategy.rebin != host))
    (strategy.rebin != host ? print.gpu : print.gpu_rank).fixed += bytes.slice;
  if (strategy.uses_gpus() && !used_on_gpu) {
    print.gpu.fixed += bytes.columns;
    print.gpu_rank.fixed += bytes.columns;
  }
}

}  // namespace

double Deployment::all_ranks() const { return static_cast<double>(nodes) * ranks; }

double Deployment::share(bool on_gpu) const {
  const double all = static_cast<double>(nodes) * (ranks - gpu_ranks + gpu_ranks * gpu_capacity);
  return (on_gpu ? gpu_capacity : 1) / all;
}

Deployment deploy(const Strategy& strategy, const config::RedshiftConfig& config, const config::MachineConfig& machine,
                  bool host_fallback) {
  Deployment deployment;
  deployment.nodes = machine.nodes;
  deployment.ranks = machine.ranks;
  deployment.host_fallback = host_fallback;
  if (!strategy.uses_gpus()) return deployment;
  deployment.gpus = host_fallback ? 1 : machine.gpus;
  const std::string key = "redshift.gpu_ranks";
  if (deployment.gpus == 0 && !strategy.all_on_gpus && config.gpu_ranks == 0) return deployment;  // all on the CPU
  if (deployment.gpus == 0)
    throw ConfigError("configuration", key, "expected a GPU on each node, found none. Choose strategy CPU.");
  if (strategy.all_on_gpus) {
    deployment.gpu_ranks = machine.ranks;
    return deployment;
  }
  if (!host_fallback) check_gpus_suffice(key, config.gpu_ranks, deployment.gpus);
  check_ranks_suffice(key, config.gpu_ranks, machine.ranks);
  deployment.gpu_ranks = choose_gpu_ranks(config.gpu_ranks, config.max_gpu_ranks, deployment.gpus, machine.ranks);
  if (strategy.dealing != Dealing::even) deployment.gpu_capacity = config.capacity();
  return deployment;
}

Footprint footprint_of(const Strategy& strategy, const kernels::RedshiftFitter& fitter, const TargetList& targets,
                       const config::RedshiftConfig& config, const config::MachineConfig& overheads, bool host_fallback,
                       std::size_t ntarget) {
  const auto& templates = fitter.templates();
  const bool details = !config.details.empty(), dynamic = strategy.dealing == Dealing::dynamic;
  double spectra = 0, most_scan = 0, most_rows = 0, slice = 0, columns = 0, fine = 0, workspace = 0, results = 0,
         rows = 0;
  for (std::size_t i = 0; i < targets.size(); ++i)
    spectra = std::max(
        spectra,
        static_cast<double>(TargetStore::target_size(fitter, targets, static_cast<int>(i), config.allspec).bytes()));
  Footprint print;
  print.base = overheads.rank_overhead * mebibyte;
  print.gpu_base = overheads.gpu_overhead * mebibyte;
  for (int it = 0; it < static_cast<int>(templates.size()); ++it) {
    const auto& tmpl = templates[static_cast<std::size_t>(it)];
    const double nz = static_cast<double>(tmpl.redshifts.size()), nbasis = tmpl.nbasis();
    const int n = std::min(slice_redshifts(fitter, it, config), static_cast<int>(nz));
    slice = std::max(slice, static_cast<double>(fitter.slice_bytes(it, n)));
    columns = std::max(columns, static_cast<double>(fitter.columns_size(it, n) * fitter.value_bytes()));
    fine = std::max(fine, nbasis * config.zminfit_npoints * static_cast<double>(fitter.npixel()) * sizeof(double));
    workspace = std::max(workspace, static_cast<double>(kernels::device_workspace_bytes(
                                        tmpl.nbasis(), ntarget * static_cast<std::size_t>(n))));
    most_scan = strategy.refine == kernels::BackendKind::device
                    ? most_scan + nz * sizeof(double)  // all templates at once
                    : std::max(most_scan, nz * sizeof(double));
    most_rows = std::max(most_rows, nz * (2 + nbasis) * sizeof(float));
    rows += nz * (2 + nbasis) * sizeof(float);
    results += config.minima() * (2 * config.zminfit_npoints + nbasis + 40) * sizeof(double);
    print.base += template_bytes(fitter, it);
    print.gpu_base += static_cast<double>(fitter.table_bytes(it));
  }
  const double scan = static_cast<double>(ScanStore::target_bytes(templates, details));
  const double reading = reading_bytes(fitter, targets);
  print.reading_one = reading;
  print.reading = is_read_whole(config) ? Bytes{0, reading} : Bytes{read_at_a_time * reading, 0};
  // Of a target while it is refined: one template's chi^2, its fits, and rows on their way to the details.
  const double refining = std::max(most_scan, details ? most_rows : 0) + results;
  print.scanning.fixed = static_cast<double>(kernels::host_concurrency()) * fine;
  if (dynamic) {
    constexpr double at_a_time = 64;
    print.scanning.fixed += at_a_time * refining;
    print.node = {shared_tiles * slice, spectra + scan};
  } else {
    print.scanning.target = refining + scan;
    print.cpu_rank.target = print.gpu_rank.target = spectra;
  }
  print.root = {0, results * 2 + (details ? rows : 0) +
                       (config.model.empty() ? 0 : static_cast<double>(fitter.npixel()) * sizeof(float))};
  print.target = spectra + scan;

  const bool host_kernels = host_fallback && config.device_kernels == config::DeviceKernels::native;
  print.gpu = {host_kernels ? 0 : workspace, spectra};
  hold_templates(strategy, {slice, columns, full_bytes(fitter), copied_bytes(fitter, overheads.template_copies)},
                 print);
  return print;
}

ScanMemory plan_scan_memory(const Footprint& print, const Deployment& where, const Strategy& strategy,
                            const config::RedshiftConfig& config, const config::MachineConfig& machine,
                            std::size_t ntarget) {
  const bool dynamic = strategy.dealing == Dealing::dynamic, has_cpu = where.ranks > where.gpu_ranks,
             has_gpu = where.gpu_ranks > 0;
  const double budget = config.memory * gibibyte;
  const double gpu_budget = config.device_memory > 0 ? config.device_memory * gibibyte
                            : where.host_fallback    ? 0
                                                     : 0.9 * machine.gpu_memory * gibibyte;
  // Parts of a round's targets that a rank, a node and a GPU rank hold.
  const double cpu_share = dynamic ? 0 : where.share(false), gpu_share = dynamic ? 0 : where.share(true);
  const double node_share = 1.0 / where.nodes, device_share = dynamic ? node_share : gpu_share;
  const double read_cpu = dynamic ? node_share / where.ranks : cpu_share, read_gpu = dynamic ? read_cpu : gpu_share;
  ScanMemory plan;
  double most = static_cast<double>(ntarget);
  const auto bound = [&](const Bytes& bytes, double share, double limit, const std::string& what,
                         const std::string& remedy) {
    const double room = limit - bytes.fixed,
                 one = bytes.target * std::max(share, 1.0 / std::max<double>(1, static_cast<double>(ntarget)));
    if (room < one && plan.too_little.empty()) {
      plan.least = bytes.fixed + one;
      plan.too_little = fmt::format("expected at least {} {}, found {}. {}, or choose a strategy that holds less.",
                                    gibibytes(plan.least), what, gibibytes(limit), remedy);
    }
    if (one > 0) most = std::min(most, std::floor(room / (bytes.target * share)));
  };
  // Where targets are dealt anew: those on their way and those that were held before, beside what a rank then has.
  const double even = 1 / where.all_ranks();
  const auto all_of = [&](const Bytes& own, double share) {
    Bytes all = own + print.reading + print.scanning;
    if (strategy.redeal)
      all.target += (2 * print.target * even + print.scanning.target * std::max(0.0, even - share)) / share;
    return all;
  };
  const std::string raise = "Raise redshift.memory";
  if (!dynamic && has_cpu)
    bound(all_of(print.cpu_rank, cpu_share), cpu_share, budget, "of memory for a CPU rank", raise);
  if (!dynamic && has_gpu)
    bound(all_of(print.gpu_rank, gpu_share), gpu_share, budget, "of memory for a GPU rank", raise);
  if (dynamic || print.node.fixed > 0)
    bound({print.node.fixed + (dynamic ? where.ranks * all_of(print.cpu_rank, 1).fixed : 0), print.node.target},
          node_share, budget * where.ranks, "of memory for the ranks of a node together",
          dynamic ? raise + ", lower redshift.slice" : raise + ", start more ranks per node");
  if (has_gpu && gpu_budget > 0) {
    const int ranks_per_gpu = where.ranks_per_gpu();
    bound({ranks_per_gpu * (print.gpu_base + print.gpu.fixed), ranks_per_gpu * print.gpu.target}, device_share,
          gpu_budget,
          ranks_per_gpu == 1 ? "on a GPU" : fmt::format("on a GPU for the {} ranks that share it", ranks_per_gpu),
          config.device_memory > 0               ? "Raise redshift.device_memory"
          : ranks_per_gpu > 1                    ? "Start fewer ranks per node"
          : strategy.templates == Holding::tiles ? "Lower redshift.slice"
                                                 : "Take coarser redshift grids");
  }
  most = std::max(1.0, most);
  plan.nround = static_cast<std::size_t>(std::ceil(static_cast<double>(std::max<std::size_t>(ntarget, 1)) / most));
  plan.round = (ntarget + plan.nround - 1) / plan.nround;
  const auto held = [&](double share) { return std::ceil(static_cast<double>(plan.round) * share); };
  plan.shared = print.node.of(held(node_share));
  if (has_gpu) plan.gpu = where.ranks_per_gpu() * (print.gpu_base + print.gpu.of(held(device_share)));
  // While a rank reads, it has not yet touched the others' parts of what they share.
  const double untouched = dynamic ? plan.shared * (1 - 1.0 / where.ranks) : 0;
  const double moved = strategy.redeal ? 2 * print.target * held(even) : 0;
  const auto of_rank = [&](const Bytes& own, double share, double read) {
    return print.base + own.of(held(share)) +
           std::max(std::min(print.reading.of(held(read)), print.reading_one * held(read)) - untouched,
                    print.scanning.of(held(strategy.redeal ? std::max(share, even) : share)) + moved);
  };
  const double host_fallback = where.host_fallback && has_gpu ? print.gpu.of(held(device_share)) : 0;
  if (has_cpu) plan.cpu_rank = of_rank(print.cpu_rank, cpu_share, read_cpu);
  if (has_gpu) plan.gpu_rank = of_rank(print.gpu_rank, gpu_share, read_gpu) + host_fallback;
  plan.root = std::max(plan.cpu_rank, plan.gpu_rank) + print.root.of(static_cast<double>(ntarget));
  plan.node = plan.shared + plan.cpu_rank * (where.ranks - where.gpu_ranks) + plan.gpu_rank * where.gpu_ranks +
              print.root.of(static_cast<double>(ntarget));
  if (plan.node > machine.memory * gibibyte && plan.too_little.empty()) {
    plan.least = plan.node;
    plan.too_little = fmt::format(
        "expected at least {} of memory on a node, found {}. Start fewer ranks per node, lower redshift.memory, or "
        "choose a strategy that holds less.",
        gibibytes(plan.node), gibibytes(machine.memory * gibibyte));
  }
  return plan;
}

}  // namespace zspex::pipeline
