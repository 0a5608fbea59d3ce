#include "pipeline/redshift/calibrate.hpp"
#include "core/median.hpp"

#include <algorithm>
#include <functional>
#include <vector>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/cost.hpp"
#include "pipeline/redshift/scanner.hpp"
#include "pipeline/redshift/slice.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

constexpr double giga = 1e9;
constexpr std::size_t ntarget = 8;

/// How often `work` can be done in a second: done again and again for a tenth of one, and once before.
double rate_of(const std::function<void()>& work) {
  constexpr double enough = 0.1;
  work();
  const Stopwatch watch;
  int n = 0;
  while (watch.seconds() < enough) {
    work();
    ++n;
  }
  return n / watch.seconds();
}

/// Targets that look like a full one: the time of a fit does not depend on its numbers.
std::vector<kernels::Target> invent_targets(const TargetList& targets) {
  std::vector<kernels::Target> made(ntarget);
  for (std::size_t i = 0; i < ntarget; ++i) {
    for (std::size_t iband = 0; iband < targets.bands.size(); ++iband) {
      const BandGrid& grid = targets.bands[iband];
      const std::size_t nwave = grid.wave.size();
      kernels::TargetSpectrum& spectrum = made[i].spectra.emplace_back();
      spectrum.band = static_cast<int>(iband);
      spectrum.flux.resize(nwave);
      for (std::size_t p = 0; p < nwave; ++p) spectrum.flux[p] = static_cast<double>((p * 7 + i * 5) % 11) - 5;
      spectrum.ivar.assign(nwave, 1.0);
      spectrum.ndiag = grid.ndiag;
      spectrum.resolution.assign(static_cast<std::size_t>(grid.ndiag) * nwave, 1.0F / static_cast<float>(grid.ndiag));
    }
  }
  return made;
}

/// Rates of one backend, 1e9/s.
struct BackendRates {
  double rebin = 0, scan = 0, fine = 0;
};

/// \param it  the template to measure with
BackendRates rates_at(const kernels::FitBackend& backend, const kernels::RedshiftFitter& fitter, int it,
                      const config::RedshiftConfig& config) {
  const auto& tmpl = fitter.templates()[static_cast<std::size_t>(it)];
  const int nz = std::min({slice_redshifts(fitter, it, config), static_cast<int>(tmpl.redshifts.size())});
  const auto slice = backend.allocate(fitter.slice_size(it, nz));
  const int middle = (static_cast<int>(tmpl.redshifts.size()) - nz) / 2;
  std::vector<double> chi2(ntarget * tmpl.redshifts.size()), penalty(chi2.size());
  const kernels::ScanRows rows{0, tmpl.redshifts.size(), chi2.data(), penalty.data(), nullptr};
  BackendRates rates;
  rates.rebin = nz * rebin_values(fitter, it) / giga * rate_of([&] {
                  backend.rebin(it, middle, nz, slice);
                  backend.scan(it, middle, 1, slice, {0, 1}, rows);  // so that a device is waited for
                  backend.finish();
                });
  rates.scan = nz * ntarget * fit_operations(fitter, it) / giga * rate_of([&] {
                 backend.scan(it, middle, nz, slice, {0, ntarget}, rows);
                 backend.finish();
               });
  std::vector<kernels::FitGroup> groups(1);
  groups[0].itemplate = it;
  groups[0].redshifts.assign(tmpl.redshifts.begin() + middle, tmpl.redshifts.begin() + middle + std::min(nz, 15));
  for (std::size_t i = 0; i < ntarget; ++i) groups[0].targets.push_back(i);
  const double points = static_cast<double>(groups[0].redshifts.size());
  const double seconds = 1 / rate_of([&] { backend.fit_groups(groups); });
  const double rebinning = points * rebin_values(fitter, it) / (giga * rates.rebin);
  rates.fine = points * ntarget * fit_operations(fitter, it) / giga / std::max(seconds - rebinning, 0.2 * seconds);
  return rates;
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

void calibrate(const comm::Communicator& world, const Roles& roles, const config::RedshiftConfig& config,
               const TargetList& targets, kernels::RedshiftFitter& fitter, config::MachineConfig& machine) {
  struct Mine {
    BackendRates host, gpu;
    double upload = 0;
    bool on_gpu = false;
  } mine;
  mine.on_gpu = roles.ranks[static_cast<std::size_t>(world.rank())].on_gpu;
  // The template with most redshifts: it is what takes longest.
  int it = 0;
  for (int i = 1; i < static_cast<int>(fitter.templates().size()); ++i)
    if (fitter.templates()[static_cast<std::size_t>(i)].redshifts.size() >
        fitter.templates()[static_cast<std::size_t>(it)].redshifts.size())
      it = i;
  world.barrier();
  comm::agree(world, "calibrate", [&] {
    kernels::OwnTargets made = fitter.pack(invent_targets(targets));
    fitter.set_targets(made.packed, made.arrays(), false);
    const double threads = static_cast<double>(kernels::host_concurrency());
    mine.host = rates_at(fitter.backend(kernels::BackendKind::host), fitter, it, config);
    for (double* rate : {&mine.host.rebin, &mine.host.scan, &mine.host.fine}) *rate /= threads;
    if (!mine.on_gpu) return;
    fitter.copy_targets_to_device();
    const kernels::FitBackend& device = fitter.backend(kernels::BackendKind::device);
    mine.gpu = rates_at(device, fitter, it, config);
    const kernels::Values here = fitter.backend(kernels::BackendKind::host).allocate(std::size_t{4} << 20),
                          there = device.allocate(here.size());
    mine.upload =
        static_cast<double>(here.size() * fitter.value_bytes()) / giga * rate_of([&] { device.copy_in(there, here); });
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
      machine.gpu_bandwidth, [](const Mine& m) { return m.upload; }, true);
  if (const double measured = median(rings); measured > 0) machine.ring_bandwidth = measured;
  fitter.set_targets({}, {}, false);
#ifdef __GLIBC__
  malloc_trim(0);  // what was freed would otherwise stay with the process, beside what the plan counts
#endif
}

}  // namespace zspex::pipeline
