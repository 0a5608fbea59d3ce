// Pieces of the redshift fit at real sizes: DESI's three bands (7958 pixels, 11 diagonals), slices of 32 redshifts of a
// template of 10 or 5 basis vectors. flop/s count the operations that the method needs (formulas beside each), not those
// that padding adds; bytes/s what has to be read and written once. `host` is a core of the host, `device` the GPU or, in a
// program without one, a GPU's kernels on the host.
#include <benchmark/benchmark.h>

#include "kernels/base/session.hpp"
#include "kernels/redshift/fitter.hpp"
#include "kernels/redshift/operations.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::kernels {
namespace {

constexpr int ndiag = 11, nz = 32;

struct Band {
  double first;
  int nwave;
};
constexpr Band desi[] = {{3600, 2751}, {5760, 2326}, {7520, 2881}};  // 0.8 Angstrom a pixel

Template make_template(int nbasis, FitMethod method) {
  test::Random random(1);
  Template made;
  made.spectype = "QSO";
  made.method = method;
  for (int i = 0; i < 60000; ++i) made.wave.push_back(1200 + 0.15 * i);
  made.basis = Array2<double>({static_cast<std::size_t>(nbasis), made.wave.size()});
  for (double& value : made.basis) value = random.uniform(0, 1);
  for (int i = 0; i < nz; ++i) made.redshifts.push_back(0.5 + 5e-4 * i);
  return made;
}

Target make_target(test::Random& random) {
  Target target;
  for (int band = 0; band < 3; ++band) {
    const auto nwave = static_cast<std::size_t>(desi[band].nwave);
    TargetSpectrum& spectrum = target.spectra.emplace_back();
    spectrum.band = band;
    spectrum.ndiag = ndiag;
    spectrum.ivar.assign(nwave, 1.0);
    spectrum.resolution.assign(ndiag * nwave, 1.0F / ndiag);
    for (std::size_t p = 0; p < nwave; ++p) spectrum.flux.push_back(random.uniform(0, 10));
  }
  return target;
}

/// A fitter with targets on both backends.
struct Fits {
  RedshiftFitter fitter;
  OwnTargets packed;
  Values slice;
  std::vector<double> chi2, penalty;
  BackendKind kind;
  std::size_t ntarget;

  Fits(BackendKind where, bool mixed, int nbasis, FitMethod method, std::size_t n)
      : fitter(
            [] {
              std::vector<std::vector<double>> wave;
              for (const Band& band : desi) {
                auto& grid = wave.emplace_back();
                for (int i = 0; i < band.nwave; ++i) grid.push_back(band.first + 0.8 * i);
              }
              return wave;
            }(),
            {make_template(nbasis, method)},
            [&] {
              FitSettings settings;
              settings.mixed = mixed;
              settings.max_ndiag = ndiag;
              settings.teams = true;
              return settings;
            }()),
        chi2(n * nz),
        penalty(n * nz),
        kind(where),
        ntarget(n) {
    test::Random random(2);
    std::vector<Target> targets;
    for (std::size_t i = 0; i < n; ++i) targets.push_back(make_target(random));
    packed = fitter.pack(targets);
    fitter.set_targets(packed.packed, packed.arrays(), kind == BackendKind::device);
    slice = backend().allocate(fitter.slice_size(0, nz));
    rebin();
    scan();
  }

  FitBackend& backend() { return fitter.backend(kind); }
  void rebin() { backend().rebin(0, 0, nz, slice); }
  void scan() {
    backend().scan(0, 0, nz, slice, {0, ntarget}, {0, nz, chi2.data(), penalty.data(), nullptr});
    backend().finish();
  }

  double pixels() const { return static_cast<double>(fitter.npixel()); }
  double nbasis() const { return fitter.templates()[0].nbasis(); }
  /// Of one target at one redshift.
  double fit_flops() const {
    const double n = nbasis();
    return pixels() * (convolve_operations(n, ndiag) + product_operations(n)) + solution_operations(n);
  }
};

void count(benchmark::State& state, const char* name, double amount) {
  state.counters[name] = benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
}

/// Averages over pixels. Values: nz n npixel, which are written once.
void rebin(benchmark::State& state, BackendKind kind, bool mixed) {
  Fits fits(kind, mixed, static_cast<int>(state.range(0)), FitMethod::pca, 1);
  for (auto _ : state) {
    fits.rebin();
    if (kind == BackendKind::device) fits.scan();  // it waits for the device; one target
  }
  const double values = nz * fits.nbasis() * fits.pixels();
  count(state, "values/s", values);
  count(state, "bytes/s", values * (mixed ? sizeof(float) : sizeof(double)));
}

/// The scan of `targets` targets. Bytes: their spectra once, and the slice.
void scan(benchmark::State& state, BackendKind kind, bool mixed, FitMethod method) {
  Fits fits(kind, mixed, static_cast<int>(state.range(0)), method, static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) fits.scan();
  const double ntarget = static_cast<double>(fits.ntarget), real = mixed ? sizeof(float) : sizeof(double);
  count(state, "fits/s", nz * ntarget);
  count(state, "flop/s", nz * ntarget * fits.fit_flops());
  count(state, "bytes/s", fits.pixels() * (ntarget * (ndiag + 2) + nz * fits.nbasis()) * real);
}

/// Fine scans of 15 redshifts, of one target each: templates are rebinned for each, all in double.
void fine(benchmark::State& state, BackendKind kind) {
  Fits fits(kind, true, static_cast<int>(state.range(0)), FitMethod::pca, static_cast<std::size_t>(state.range(1)));
  constexpr int npoint = 15;
  std::vector<FitGroup> groups(fits.ntarget);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].targets = {i};
    for (int k = 0; k < npoint; ++k) groups[i].redshifts.push_back(0.501 + 1e-4 * static_cast<double>(i) + 1e-5 * k);
  }
  for (auto _ : state) fits.backend().fit_groups(groups);
  const double nfit = npoint * static_cast<double>(fits.ntarget);
  count(state, "fits/s", nfit);
  count(state, "flop/s", nfit * fits.fit_flops());
}

constexpr auto host = BackendKind::host, device = BackendKind::device;

BENCHMARK_CAPTURE(rebin, host_mixed, host, true)->ArgName("n")->Arg(10)->Arg(5)->UseRealTime();
BENCHMARK_CAPTURE(rebin, host_double, host, false)->ArgName("n")->Arg(10)->UseRealTime();
BENCHMARK_CAPTURE(rebin, device_mixed, device, true)->ArgName("n")->Arg(10)->UseRealTime();
// Targets: one, as many as keep a core busy, and as many as fill a GPU.
const std::vector<std::int64_t> for_a_core = {1, 32}, for_a_device = {1, 32, 500};
#define SCAN(NAME, TARGETS, ...)             \
  BENCHMARK_CAPTURE(scan, NAME, __VA_ARGS__) \
      ->ArgNames({"n", "targets"})           \
      ->ArgsProduct({{10, 5}, TARGETS})      \
      ->Unit(benchmark::kMillisecond)        \
      ->UseRealTime()
SCAN(host_mixed, for_a_core, host, true, FitMethod::pca);
SCAN(host_double, for_a_core, host, false, FitMethod::pca);
SCAN(host_mixed_nmf, for_a_core, host, true, FitMethod::nmf);
SCAN(device_mixed, for_a_device, device, true, FitMethod::pca);
SCAN(device_double, for_a_device, device, false, FitMethod::pca);
#undef SCAN
BENCHMARK_CAPTURE(fine, host, host)
    ->ArgNames({"n", "targets"})
    ->Args({10, 8})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(fine, device, device)
    ->ArgNames({"n", "targets"})
    ->Args({10, 8})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace zspex::kernels
