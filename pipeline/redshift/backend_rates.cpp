#include "pipeline/redshift/backend_rates.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/timing.hpp"
#include "pipeline/redshift/cost.hpp"
#include "pipeline/redshift/slice.hpp"

namespace zspex::pipeline {
namespace {

constexpr double giga = 1e9;

kernels::Target invent_target(const TargetList& targets, std::size_t i) {
  kernels::Target made;
  for (std::size_t iband = 0; iband < targets.bands.size(); ++iband) {
    const BandGrid& grid = targets.bands[iband];
    const std::size_t nwave = grid.wave.size();
    kernels::TargetSpectrum& spectrum = made.spectra.emplace_back();
    spectrum.band = static_cast<int>(iband);
    spectrum.flux.resize(nwave);
    for (std::size_t p = 0; p < nwave; ++p) spectrum.flux[p] = static_cast<double>((p * 7 + i * 5) % 11) - 5;
    spectrum.ivar.assign(nwave, 1.0);
    spectrum.ndiag = grid.ndiag;
    spectrum.resolution.assign(static_cast<std::size_t>(grid.ndiag) * nwave, 1.0F / static_cast<float>(grid.ndiag));
  }
  return made;
}

}  // namespace

void count_whole_cores(config::MachineConfig& machine) {
  const double part = machine.part_of_core(machine.ranks * static_cast<double>(kernels::host_concurrency()));
  for (double* rate : {&machine.host_rebin, &machine.host_scan, &machine.host_fine}) *rate /= part;
}

kernels::OwnTargets invent_targets(const kernels::RedshiftFitter& fitter, const TargetList& targets, std::size_t n) {
  kernels::SpectraSize one;
  for (std::size_t iband = 0; iband < targets.bands.size(); ++iband)
    one += fitter.spectrum_size(static_cast<int>(iband), targets.bands[iband].ndiag);
  kernels::OwnTargets made;
  made.root_ivar.resize(n * one.npixel);
  made.scaled_flux.resize(n * one.npixel);
  made.rows.resize(n * one.nrow);
  kernels::SpectraSize at;
  for (std::size_t i = 0; i < n; ++i) at = fitter.pack(invent_target(targets, i), made.arrays(), at, made.packed);
  return made;
}

int longest_template(const kernels::RedshiftFitter& fitter) {
  const auto& all = fitter.templates();
  return static_cast<int>(std::max_element(all.begin(), all.end(),
                                           [](const kernels::Template& a, const kernels::Template& b) {
                                             return a.redshifts.size() < b.redshifts.size();
                                           }) -
                          all.begin());
}

BackendRates measure_host_rates(const kernels::RedshiftFitter& fitter, int it, const config::RedshiftConfig& config,
                                std::size_t ntarget, double seconds) {
  BackendRates rates = measure_rates(fitter.backend(kernels::BackendKind::host), fitter, it, config, ntarget, seconds);
  const double threads = static_cast<double>(kernels::host_concurrency());
  for (double* rate : {&rates.rebin, &rates.scan, &rates.fine}) *rate /= threads;
  return rates;
}

SliceScan::SliceScan(const kernels::FitBackend& backend, const kernels::RedshiftFitter& fitter, int it,
                     const config::RedshiftConfig& config)
    : backend_(backend), it_(it) {
  const std::size_t nz = fitter.templates()[static_cast<std::size_t>(it)].redshifts.size();
  nz_ = std::min(slice_redshifts(fitter, it, config), static_cast<int>(nz));
  first_ = (static_cast<int>(nz) - nz_) / 2;
  slice_ = backend.allocate(fitter.slice_size(it, nz_));
  chi2_.resize(fitter.ntarget() * nz);
  penalty_.resize(chi2_.size());
  rows_ = {0, nz, chi2_.data(), penalty_.data(), nullptr};
  rebin();
}

void SliceScan::rebin() const {
  backend_.rebin(it_, first_, nz_, slice_);
  scan(1, 1);  // so that a device is waited for
}

void SliceScan::scan(std::size_t ntarget, int nz) const {
  backend_.scan(it_, first_, nz, slice_, {0, ntarget}, rows_);
  backend_.finish();
}

BackendRates measure_rates(const kernels::FitBackend& backend, const kernels::RedshiftFitter& fitter, int it,
                           const config::RedshiftConfig& config, std::size_t ntarget, double seconds) {
  const SliceScan slice(backend, fitter, it, config);
  const double n = static_cast<double>(ntarget), operations = fit_operations(fitter, it) / giga,
               values = rebin_values(fitter, it) / giga;
  BackendRates rates;
  rates.rebin = slice.redshifts() * values * times_a_second(seconds, [&] { slice.rebin(); });
  rates.scan = slice.redshifts() * n * operations * times_a_second(seconds, [&] { slice.scan(ntarget); });
  const auto& redshifts = fitter.templates()[static_cast<std::size_t>(it)].redshifts;
  const auto middle = redshifts.begin() + (static_cast<std::ptrdiff_t>(redshifts.size()) - slice.redshifts()) / 2;
  std::vector<kernels::FitGroup> groups(1);
  groups[0].itemplate = it;
  groups[0].redshifts.assign(middle, middle + std::min(slice.redshifts(), 15));
  for (std::size_t i = 0; i < ntarget; ++i) groups[0].targets.push_back(i);
  const double points = static_cast<double>(groups[0].redshifts.size());
  const double taken = 1 / times_a_second(seconds, [&] { backend.fit_groups(groups); });
  rates.fine = points * n * operations / std::max(taken - points * values / rates.rebin, 0.2 * taken);
  return rates;
}

double fresh_memory_rate(double seconds) {
  // So large that it comes from the system each time, and goes back.
  constexpr std::size_t nvalue = std::size_t{16} << 20;
  return nvalue * sizeof(double) / giga * times_a_second(seconds, [&] {
           const std::unique_ptr<double[]> memory(new double[nvalue]);
           volatile double* values = memory.get();  // or the compiler would see that nobody reads them
           for (std::size_t i = 0; i < nvalue; ++i) values[i] = 0;
         });
}

double upload_rate(const kernels::RedshiftFitter& fitter, std::size_t nvalue, double seconds) {
  const kernels::FitBackend& device = fitter.backend(kernels::BackendKind::device);
  const kernels::Values here = fitter.backend(kernels::BackendKind::host).allocate(nvalue),
                        there = device.allocate(nvalue);
  return static_cast<double>(nvalue * fitter.value_bytes()) / giga *
         times_a_second(seconds, [&] { device.copy_in(there, here); });
}

}  // namespace zspex::pipeline
