#include "pipeline/redshift/cost.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/redshift/operations.hpp"
#include "pipeline/redshift/slice.hpp"

namespace zspex::pipeline {
namespace {

constexpr double giga = 1e9;

/// One rank: values/s, operations/s of scans and fine scans; and what a launch costs before any fit, seconds and fits.
struct Speed {
  double rebin, scan, fine, launch = 0, half_batch = 0;
};

Speed host_speed(const config::MachineConfig& machine, const Deployment& where) {
  const double threads = static_cast<double>(kernels::host_concurrency()) *
                         machine.part_of_core(where.ranks * static_cast<double>(kernels::host_concurrency()));
  return {giga * machine.host_rebin * threads, giga * machine.host_scan * threads, giga * machine.host_fine * threads};
}

Speed gpu_speed(const config::MachineConfig& machine, const Deployment& where) {
  if (where.host_fallback) return host_speed(machine, where);
  const double part = (where.ranks_per_gpu() > 1 ? machine.gpu_sharing : 1) / where.ranks_per_gpu();
  return {giga * machine.gpu_rebin * part, giga * machine.gpu_scan * part, giga * machine.gpu_fine * part,
          1e-6 * machine.gpu_launch, machine.gpu_half_batch};
}

/// What a machine and a run give to all parts of a prediction.
class Model {
 public:
  Model(const Strategy& strategy, const Deployment& where, const kernels::RedshiftFitter& fitter,
        const config::RedshiftConfig& config, const config::MachineConfig& machine, double ntarget, double nround)
      : strategy_(strategy),
        where_(where),
        fitter_(fitter),
        config_(config),
        machine_(machine),
        ntarget_(ntarget),
        nround_(nround),
        host_(host_speed(machine, where)),
        gpu_(gpu_speed(machine, where)) {}

  Prediction ring() const;
  Prediction held(double target_bytes) const;
  Prediction tiles() const;

 private:
  struct Sums {
    double rebin = 0, slices = 0;  ///< values and bytes of all redshifts of all templates
  };

  double nrank() const { return where_.all_ranks(); }
  int ntemplate() const { return static_cast<int>(fitter_.templates().size()); }
  double nz_of(int it) const {
    return static_cast<double>(fitter_.templates()[static_cast<std::size_t>(it)].redshifts.size());
  }
  const Speed& speed(bool on_gpu) const { return on_gpu ? gpu_ : host_; }
  bool by_host(kernels::BackendKind of_gpu_rank, bool on_gpu) const {
    return !on_gpu || of_gpu_rank == kernels::BackendKind::host;
  }
  double targets_of(bool on_gpu) const { return std::ceil(ntarget_ * where_.share(on_gpu)); }
  bool has(bool gpu_ranks) const { return gpu_ranks ? where_.gpu_ranks > 0 : where_.gpu_ranks < where_.ranks; }
  double gpu_bandwidth() const { return giga * machine_.gpu_bandwidth / where_.ranks_per_gpu(); }
  /// Of ranks that all send: bytes/s of each, and seconds of a message. Between nodes one pair of ranks is slower than all others.
  double bandwidth() const {
    const bool over_network = where_.nodes > 1 && machine_.network_bandwidth > 0;
    return giga *
           (over_network ? std::min(machine_.ring_bandwidth, machine_.network_bandwidth) : machine_.ring_bandwidth);
  }
  double latency() const {
    return 1e-6 *
           (where_.nodes > 1 ? std::max(machine_.ring_latency, machine_.network_latency) : machine_.ring_latency);
  }
  /// Bytes/s of memory that is new to a rank.
  double fresh_memory() const {
    return machine_.fresh_memory > 0 ? giga * machine_.fresh_memory : std::numeric_limits<double>::infinity();
  }
  double fresh_copies(bool on_gpu) const;
  Sums sums() const;
  /// \param most  redshifts of a launch
  template <class Most>
  double scan_seconds(bool on_gpu, double mine, const Most& most) const;
  double columns_seconds(double mine) const;
  double refine_seconds(double ntarget, const Speed& speed) const;
  /// By the seconds of the two kinds at work.
  void tell_waiting(double cpu, double gpu, Prediction& time) const {
    const auto waits = [&](bool on_gpu, double busy) {
      return has(on_gpu) && time.total() > 0 ? std::max(0.0, 1 - busy / time.total()) : 0;
    };
    time.cpu_waits = waits(false, cpu);
    time.gpu_waits = waits(true, gpu);
  }
  double refine_of(bool on_gpu, double mine) const {
    return refine_seconds(mine, speed(!by_host(strategy_.refine, on_gpu)));
  }

  const Strategy& strategy_;
  const Deployment& where_;
  const kernels::RedshiftFitter& fitter_;
  const config::RedshiftConfig& config_;
  const config::MachineConfig& machine_;
  double ntarget_, nround_;
  Speed host_, gpu_;
};

Model::Sums Model::sums() const {
  Sums sums;
  for (int it = 0; it < ntemplate(); ++it) {
    sums.rebin += nz_of(it) * rebin_values(fitter_, it);
    sums.slices += static_cast<double>(fitter_.slice_bytes(it, static_cast<int>(nz_of(it))));
  }
  return sums;
}

/// Copies of all redshifts that a rank puts into the host's memory: its own, and in the host fallback that of the GPU.
double Model::fresh_copies(bool on_gpu) const {
  const bool goes_to_gpu = !by_host(strategy_.convolve, on_gpu);
  const double in_place_of_gpu = goes_to_gpu && where_.host_fallback ? 1 : 0;
  if (strategy_.templates == Holding::full) return goes_to_gpu ? in_place_of_gpu : 1;
  return (strategy_.templates == Holding::node ? 1.0 / where_.ranks : 1) + in_place_of_gpu;
}

/// All redshifts for a rank's targets. With the host's R x basis a launch fits one target.
template <class Most>
double Model::scan_seconds(bool on_gpu, double mine, const Most& most) const {
  if (mine <= 0) return 0;
  const Speed& fits = speed(on_gpu);
  const bool in_halves = on_gpu && strategy_.convolve == kernels::BackendKind::host;
  double seconds = 0;
  for (int it = 0; it < ntemplate(); ++it) {
    const double nz = nz_of(it), nlaunch = nround_ * std::ceil(nz / most(it)) * (in_halves ? mine : 1);
    const double solve = solve_operations(fitter_, it), convolve = convolve_operations(fitter_, it);
    seconds += nlaunch * fits.launch +
               (mine * nz + nlaunch * fits.half_batch) * (in_halves ? solve : solve + convolve) / fits.scan;
    if (in_halves) seconds += mine * nz * convolve / host_.scan;
  }
  return seconds;
}

/// R x basis of targets on its way to the GPU.
double Model::columns_seconds(double mine) const {
  double nbytes = 0;
  for (int it = 0; it < ntemplate(); ++it)
    nbytes += static_cast<double>(fitter_.columns_size(it, static_cast<int>(nz_of(it))) * fitter_.value_bytes());
  return mine * nbytes / gpu_bandwidth();
}

/// Seconds to refine some targets, by a rank. Fine scans of one minimum share a rebinned template, up to eight of them.
double Model::refine_seconds(double ntarget, const Speed& speed) const {
  if (ntarget <= 0) return 0;
  double seconds = 0;
  for (int it = 0; it < ntemplate(); ++it) {
    const double nz = nz_of(it);
    const double fine = ntarget * std::min<double>(config_.minima(), nz);
    const double distinct = std::max(nz * (1 - std::exp(-fine / nz)), fine / 8);
    const double looks = config_.refine == config::Refinement::adaptive ? ntarget * std::min(60.0, nz) : 0;
    const double looked = looks > 0 ? std::max(nz * (1 - std::exp(-looks / nz)), looks / 8) : 0;
    constexpr double points_of_a_look = 7;
    seconds +=
        (fine * (config_.zminfit_npoints + 1) + looks * points_of_a_look) * fit_operations(fitter_, it) / speed.fine;
    seconds += (distinct * config_.zminfit_npoints + fine + looked * points_of_a_look) * rebin_values(fitter_, it) /
               speed.rebin;
  }
  return seconds;
}

/// Slices go round all ranks at the pace of the slowest.
Prediction Model::ring() const {
  const Sums all = sums();
  Prediction time;
  double turns = 0;
  const auto most = [&](int it) {
    return std::min<double>(slice_redshifts(fitter_, it, config_), std::ceil(nz_of(it) / nrank()));
  };
  for (int it = 0; it < ntemplate(); ++it) turns += nround_ * std::ceil(nz_of(it) / (most(it) * nrank()));
  for (const bool on_gpu : {false, true}) {
    if (!has(on_gpu)) continue;
    const double mine = targets_of(on_gpu);
    const bool copies_slices = !by_host(strategy_.convolve, on_gpu), copies_columns = on_gpu && !copies_slices;
    time.rebin = std::max(time.rebin, nround_ * all.rebin / nrank() / speed(!by_host(strategy_.rebin, on_gpu)).rebin);
    time.scan = std::max(time.scan, scan_seconds(on_gpu, mine, most));
    time.transfer = std::max(time.transfer, copies_slices    ? nround_ * all.slices / gpu_bandwidth()
                                            : copies_columns ? columns_seconds(mine)
                                                             : 0);
    time.refine = std::max(time.refine, refine_of(on_gpu, mine));
  }
  const double messages = turns * (nrank() - 1) * latency();
  const double ring = nround_ * all.slices * (nrank() - 1) / nrank() / bandwidth() + messages;
  time.transfer += std::max(0.0, ring - time.scan);
  return time;
}

/// All redshifts are held: the kind of ranks that takes longer counts.
Prediction Model::held(double target_bytes) const {
  const Sums all = sums();
  Prediction scans[2];
  double refine[2] = {};
  for (const bool on_gpu : {false, true}) {
    if (!has(on_gpu)) continue;
    const double mine = targets_of(on_gpu);
    const bool copies = !by_host(strategy_.convolve, on_gpu) &&
                        (strategy_.templates != Holding::full || strategy_.rebin == kernels::BackendKind::host);
    Prediction& time = scans[on_gpu];
    const double rebin = all.rebin / speed(!by_host(strategy_.rebin, on_gpu)).rebin;
    time.rebin = strategy_.templates == Holding::full ? rebin
                 : strategy_.templates == Holding::node
                     ? rebin / where_.ranks
                     : rebin / nrank() + all.slices * (nrank() - 1) / nrank() / bandwidth() +
                           ntemplate() * nrank() * latency() * std::log2(nrank());  // broadcasts
    time.rebin += fresh_copies(on_gpu) * all.slices / fresh_memory();
    time.scan =
        scan_seconds(on_gpu, mine, [&](int it) { return static_cast<double>(slice_redshifts(fitter_, it, config_)); });
    if (copies) time.transfer = all.slices / gpu_bandwidth();
    if (on_gpu && strategy_.convolve == kernels::BackendKind::host) time.transfer = columns_seconds(mine);
    refine[on_gpu] = refine_of(on_gpu, strategy_.redeal ? std::ceil(ntarget_ / nrank()) : mine);
  }
  if (strategy_.redeal) {  // all wait for each other before it
    Prediction time = scans[scans[true].total() > scans[false].total()];
    const double moved = std::max(0.0, targets_of(has(true)) - ntarget_ / nrank());
    // With each other rank two messages, and an agreement of all before each.
    time.redeal = moved * target_bytes / bandwidth() + 2 * nrank() * latency() * (1 + std::log2(nrank()));
    time.refine = std::max(refine[false], refine[true]);
    tell_waiting(scans[false].total() + refine[false], scans[true].total() + refine[true], time);
    return time;
  }
  for (const bool on_gpu : {false, true}) scans[on_gpu].refine = refine[on_gpu];
  Prediction time = scans[scans[true].total() > scans[false].total()];
  tell_waiting(scans[false].total(), scans[true].total(), time);
  return time;
}

/// Dealt dynamically: all ranks of a node together, until the work is done. Each tile is rebinned once, by whoever fits it.
Prediction Model::tiles() const {
  const double ours = std::ceil(ntarget_ / where_.nodes), ncpu = where_.ranks - where_.gpu_ranks;
  const auto together = [&](double by_cpu, double by_gpu) {  // seconds of one rank alone
    return 1 / ((ncpu > 0 ? ncpu / by_cpu : 0) + (where_.gpu_ranks > 0 ? where_.gpu_ranks / by_gpu : 0));
  };
  const auto most = [&](int it) { return static_cast<double>(slice_redshifts(fitter_, it, config_)); };
  const double values = nround_ * sums().rebin;
  const double host_scan = scan_seconds(false, ours, most), gpu_scan = scan_seconds(true, ours, most);
  const double host_rebin = values / host_.rebin, gpu_rebin = values / speed(!by_host(strategy_.rebin, true)).rebin;
  const double both = together(host_scan + host_rebin, gpu_scan + gpu_rebin);
  const double part =
      where_.gpu_ranks > 0 && ncpu == 0 ? gpu_rebin / (gpu_scan + gpu_rebin) : host_rebin / (host_scan + host_rebin);
  Prediction time;
  time.rebin = both * part;
  time.scan = both * (1 - part);
  time.refine = together(refine_of(false, ours), refine_of(true, ours));
  return time;
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
                   const config::RedshiftConfig& config, const config::MachineConfig& machine, const Footprint& print,
                   std::size_t ntarget, std::size_t nround) {
  constexpr double milli = 1e-3;
  const double n = static_cast<double>(ntarget);
  const Model model(strategy, where, fitter, config, machine, n, static_cast<double>(nround));
  Prediction time = strategy.templates == Holding::ring    ? model.ring()
                    : strategy.templates == Holding::tiles ? model.tiles()
                                                           : model.held(print.target);
  if (strategy.dealing != Dealing::dynamic)
    for (double* part : {&time.rebin, &time.scan, &time.refine}) *part *= 1 + machine.jitter;
  const double most = strategy.dealing == Dealing::dynamic
                          ? std::ceil(n / where.all_ranks())
                          : std::ceil(n * std::max(where.gpu_ranks > 0 ? where.share(true) : 0,
                                                   where.gpu_ranks < where.ranks ? where.share(false) : 0));
  time.start = machine.start;
  time.read = milli * machine.target_read * most;
  time.serial = milli * machine.target_serial * n;
  return time;
}

}  // namespace zspex::pipeline
