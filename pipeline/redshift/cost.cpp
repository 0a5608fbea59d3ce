#include "pipeline/redshift/cost.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/redshift/operations.hpp"

namespace zspex::pipeline {
namespace {

constexpr double giga = 1e9;

/// The templates as sums.
struct Work {
  double rebin = 0;                ///< values of all redshifts
  double convolve = 0, solve = 0;  ///< operations of one target at all redshifts
  double slices = 0;               ///< bytes of all redshifts
  double columns = 0;              ///< bytes of R x basis of one target at all redshifts
};

Work work_of(const kernels::RedshiftFitter& fitter) {
  Work work;
  for (int it = 0; it < static_cast<int>(fitter.templates().size()); ++it) {
    const int nz = static_cast<int>(fitter.templates()[static_cast<std::size_t>(it)].redshifts.size());
    work.rebin += nz * rebin_values(fitter, it);
    work.convolve += nz * convolve_operations(fitter, it);
    work.solve += nz * solve_operations(fitter, it);
    work.slices += static_cast<double>(fitter.slice_bytes(it, nz));
    work.columns += static_cast<double>(fitter.columns_size(it, nz) * fitter.value_bytes());
  }
  return work;
}

/// Rates of one rank: values/s, operations/s, bytes/s.
struct Rates {
  double rebin, scan, fine;
};
Rates host_rates(const config::MachineConfig& machine) {
  const double threads = static_cast<double>(kernels::host_concurrency());
  return {giga * machine.host_rebin * threads, giga * machine.host_scan * threads, giga * machine.host_fine * threads};
}
Rates gpu_rates(const config::MachineConfig& machine, int ranks_per_gpu) {
  return {giga * machine.gpu_rebin / ranks_per_gpu, giga * machine.gpu_scan / ranks_per_gpu,
          giga * machine.gpu_fine / ranks_per_gpu};
}

/// Seconds to refine some targets, by a rank. Fine scans of one minimum share a rebinned template, up to eight of them.
double refine_seconds(const kernels::RedshiftFitter& fitter, const config::RedshiftConfig& config, double ntarget,
                      const Rates& rates) {
  if (ntarget <= 0) return 0;
  double seconds = 0;
  for (int it = 0; it < static_cast<int>(fitter.templates().size()); ++it) {
    const double nz = static_cast<double>(fitter.templates()[static_cast<std::size_t>(it)].redshifts.size());
    const double fine = ntarget * std::min<double>(config.minima(), nz);
    const double distinct = std::max(nz * (1 - std::exp(-fine / nz)), fine / 8);
    const double looks = config.refine == config::Refinement::adaptive ? ntarget * std::min(60.0, nz) : 0;
    const double looked = looks > 0 ? std::max(nz * (1 - std::exp(-looks / nz)), looks / 8) : 0;
    constexpr double points_of_a_look = 7;
    seconds +=
        (fine * (config.zminfit_npoints + 1) + looks * points_of_a_look) * fit_operations(fitter, it) / rates.fine;
    seconds +=
        (distinct * config.zminfit_npoints + fine + looked * points_of_a_look) * rebin_values(fitter, it) / rates.rebin;
  }
  return seconds;
}

}  // namespace

double convolve_operations(const kernels::RedshiftFitter& fitter, int itemplate) {
  const double n = fitter.templates()[static_cast<std::size_t>(itemplate)].nbasis();
  return static_cast<double>(fitter.npixel()) * kernels::convolve_operations(n, fitter.max_ndiag());
}

double solve_operations(const kernels::RedshiftFitter& fitter, int itemplate) {
  const double n = fitter.templates()[static_cast<std::size_t>(itemplate)].nbasis();
  return static_cast<double>(fitter.npixel()) * kernels::product_operations(n) + kernels::solution_operations(n);
}

double fit_operations(const kernels::RedshiftFitter& fitter, int itemplate) {
  return convolve_operations(fitter, itemplate) + solve_operations(fitter, itemplate);
}

double rebin_values(const kernels::RedshiftFitter& fitter, int itemplate) {
  return static_cast<double>(fitter.npixel()) * fitter.templates()[static_cast<std::size_t>(itemplate)].nbasis();
}

Prediction predict(const Strategy& strategy, const Deployment& where, const kernels::RedshiftFitter& fitter,
                   const config::RedshiftConfig& config, const config::MachineConfig& machine, std::size_t ntarget,
                   std::size_t nround) {
  const Work work = work_of(fitter);
  const Rates host = host_rates(machine), gpu = where.host_fallback ? host : gpu_rates(machine, where.ranks_per_gpu());
  const double bandwidth = giga * machine.gpu_bandwidth / where.ranks_per_gpu(), rounds = static_cast<double>(nround);
  const double nrank = where.nodes * where.ranks, n = static_cast<double>(ntarget);
  const auto targets_of = [&](bool on_gpu) { return std::ceil(n * where.share(on_gpu)); };
  const bool all_cpu = where.gpu_ranks == 0, all_gpu = where.gpu_ranks == where.ranks;

  if (strategy.templates == Holding::ring) {
    const double mine = targets_of(strategy.uses_gpus());
    Prediction time;
    time.rebin = rounds * work.rebin / nrank / host.rebin;
    const double ring = rounds * work.slices * (nrank - 1) / nrank / (giga * machine.ring_bandwidth);
    if (!strategy.uses_gpus()) {
      time.scan = mine * (work.convolve + work.solve) / host.scan;
      time.refine = refine_seconds(fitter, config, mine, host);
    } else if (strategy.convolve == kernels::BackendKind::host) {
      time.scan = mine * (work.convolve / host.scan + work.solve / gpu.scan);
      time.transfer = mine * work.columns / bandwidth;
      time.refine = refine_seconds(fitter, config, mine, host);
    } else {
      time.scan = mine * (work.convolve + work.solve) / gpu.scan;
      time.transfer = rounds * work.slices / bandwidth;
      time.refine = refine_seconds(fitter, config, mine, gpu);
    }
    time.transfer += std::max(0.0, ring - time.scan);
    return time;
  }

  if (strategy.templates != Holding::tiles) {  // held: the slower of the two kinds of ranks
    const auto of_rank = [&](bool on_gpu) {
      const Rates& rates = on_gpu ? gpu : host;
      const double mine = targets_of(on_gpu);
      Prediction time;
      if (strategy.templates == Holding::full)
        time.rebin = work.rebin / rates.rebin;
      else
        time.rebin = work.rebin / where.ranks / host.rebin;
      time.scan = mine * (work.convolve + work.solve) / rates.scan;
      if (on_gpu && strategy.templates == Holding::node) time.transfer = work.slices / bandwidth;
      time.refine = refine_seconds(fitter, config, mine, rates);
      return time;
    };
    if (all_cpu) return of_rank(false);
    if (all_gpu) return of_rank(true);
    const Prediction cpu_rank = of_rank(false), gpu_rank = of_rank(true);
    return cpu_rank.total() > gpu_rank.total() ? cpu_rank : gpu_rank;
  }

  // Dealt dynamically: all ranks of a node together, until the work is done. Each tile is rebinned once, by whoever fits it.
  const double ours = std::ceil(n / where.nodes), ncpu = where.ranks - where.gpu_ranks;
  const auto together = [&](double by_host, double by_gpu) {  // seconds of one rank alone
    return 1 / ((ncpu > 0 ? ncpu / by_host : 0) + (where.gpu_ranks > 0 ? where.gpu_ranks / by_gpu : 0));
  };
  Prediction time;
  const double host_scan = ours * (work.convolve + work.solve) / host.scan,
               gpu_scan = ours * (work.convolve + work.solve) / gpu.scan;
  const double host_rebin = rounds * work.rebin / host.rebin, gpu_rebin = rounds * work.rebin / gpu.rebin;
  const double both = together(host_scan + host_rebin, gpu_scan + gpu_rebin);
  const double part =
      where.gpu_ranks > 0 && ncpu == 0 ? gpu_rebin / (gpu_scan + gpu_rebin) : host_rebin / (host_scan + host_rebin);
  time.rebin = both * part;
  time.scan = both * (1 - part);
  time.refine = together(refine_seconds(fitter, config, ours, host), refine_seconds(fitter, config, ours, gpu));
  return time;
}

}  // namespace zspex::pipeline
