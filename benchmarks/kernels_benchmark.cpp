// Kernels of the extraction at real sizes: one bundle of 25 fibers x 2326 bins, spots of 17 x 11 pixels, on an invented
// PSF with DESI's geometry. Times include a fence; GFlop/s count the operations that the method needs (formulas beside
// each), not those that padding and vector lanes add.
#include <benchmark/benchmark.h>

#include <chrono>

#include "kernels/extract/detail/backend.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {

using namespace detail;

namespace {

using Exec = Kokkos::DefaultExecutionSpace;
using Clock = std::chrono::steady_clock;

constexpr int full = 2326, small = 150;  // bins

/// DESI's r camera: fibers 7.31 pixels apart, 1.5 rows per bin, one wavelength 20 rows apart within a bundle.
test::Camera camera(int nwave) {
  test::Camera out;
  out.nspec = 25;
  out.nx = 4114;
  out.ny = 4128;
  out.hsizex = 8;
  out.hsizey = 5;
  out.ghdegx = out.ghdegy = 6;
  out.wavemin = 5760;
  out.nwave = nwave;
  out.rows_per_bin = 1.5;
  out.x0 = 120;
  out.spacing = 7.31;
  out.y0 = 300;
  out.tilt = 0.85;
  return out;
}

ExtractSettings settings_of(const test::Camera& camera) {
  ExtractSettings settings = test::settings_for(camera);
  settings.nsubbundles = 5;
  return settings;
}

/// Teams that keep the execution space busy: one per core, many on a GPU.
int busy() { return on_host<Exec> ? Exec().concurrency() : 512; }

/// Runs `work` between `restore` and a fence, and counts `flops` a run.
template <class Restore, class Work>
void measure(benchmark::State& state, double flops, const Restore& restore, const Work& work) {
  const Exec exec;
  for (auto _ : state) {
    restore();
    exec.fence();
    const auto start = Clock::now();
    work(exec);
    exec.fence();
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
  }
  state.counters["flop"] = flops;
  state.counters["flop/s"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

/// Spots of a bundle on its padded grid. Flops a spot: ngx ngy ny + ngx ny nx multiply-adds, 8 for each of the ngx nx +
/// ngy ny profile elements, 3 per pixel to clip and normalize; erf and exp of the nx + ny + 2 edges count as one.
void spots(benchmark::State& state) {
  const test::Camera one = camera(static_cast<int>(state.range(0)));
  const Psf psf = test::invent_psf(one);
  const ExtractSettings settings = settings_of(one);
  const Traces traces = trace_fibers(psf, 0, 25, pad_wave(settings.wave, settings.dwave, 12, 62));
  const int nw = static_cast<int>(traces.wave.size()), nx = 17, ny = 11, ng = 7;
  const auto device_psf = psf_on_device<Exec>(Exec(), psf);
  const auto wave = upload(Exec(), "zspex::benchmark::wave", traces.wave);
  DeviceView<double**, Exec> x("zspex::benchmark::x", 25, nw), y("zspex::benchmark::y", 25, nw);
  auto hx = Kokkos::create_mirror_view(x), hy = Kokkos::create_mirror_view(y);
  for (int s = 0; s < 25; ++s)
    for (int w = 0; w < nw; ++w) hx(s, w) = traces.x(s, w), hy(s, w) = traces.y(s, w);
  Kokkos::deep_copy(x, hx);
  Kokkos::deep_copy(y, hy);
  const DeviceView<double****, Exec> out("zspex::benchmark::spots", 25, nw, ny, spot_stride(nx));
  const double each = 2. * (ng * ng * ny + ng * ny * nx) + 8. * (ng * nx + ng * ny) + 3. * nx * ny + 2 * (nx + ny + 2);
  measure(
      state, each * 25 * nw, [] {}, [&](const Exec& exec) { make_spots<Exec>(exec, device_psf, 0, wave, x, y, out); });
  state.counters["spots/s"] = benchmark::Counter(25. * nw, benchmark::Counter::kIsIterationInvariantRate);
}

/// Normal equations of all patches of a sub-bundle of 7 fibers, `busy()` at a time. Flops: a multiply-add for each
/// pixel that two coupled bins share within the patch's rows, and 6 per pixel of each spot for the weights.
void normal_equations(benchmark::State& state) {
  const test::Camera one = camera(static_cast<int>(state.range(0)));
  const Psf psf = test::invent_psf(one);
  const ExtractSettings settings = settings_of(one);
  const Traces traces = trace_fibers(psf, 4, 7, pad_wave(settings.wave, settings.dwave, 12, 62));
  const int nw = static_cast<int>(traces.wave.size()), nx = 17, ny = 11;
  BlockData<Exec> data;
  data.nspotx = nx;
  data.nspoty = ny;
  data.stride = spot_stride(nx);
  data.window = window_of(psf, traces);
  const DeviceView<Corner**, Exec> corners("zspex::benchmark::corner", 7, nw);
  data.corner = corners;
  data.spots = DeviceView<double****, Exec>("zspex::benchmark::spots", 7, nw, ny, data.stride);
  const DeviceView<double**, Exec> values("zspex::benchmark::pixels", data.window.ny, data.window.stride);
  const DeviceView<double**, Exec> weights("zspex::benchmark::ivar", data.window.ny, data.window.stride);
  data.pixels = values;
  data.ivar = weights;
  auto corner = Kokkos::create_mirror_view(corners);
  auto light = Kokkos::create_mirror_view(data.spots);
  for (int s = 0; s < 7; ++s)
    for (int w = 0; w < nw; ++w) {
      corner(s, w) = {traces.corner(s, w).x - data.window.x0, traces.corner(s, w).y - data.window.y0};
      for (int iy = 0; iy < ny; ++iy)
        for (int ix = 0; ix < nx; ++ix)
          light(s, w, iy, ix) = std::exp(-0.4 * ((iy - 5) * (iy - 5) + (ix - 8) * (ix - 8)));
    }
  Kokkos::deep_copy(corners, corner);
  Kokkos::deep_copy(data.spots, light);
  Kokkos::deep_copy(values, 3.0);
  Kokkos::deep_copy(weights, 0.1);

  const std::vector<PatchShape> patches = plan_patches(psf, settings, {5, 5}, traces, data.window);
  double flops = 0;
  std::vector<int> natural;
  for (const PatchShape& patch : patches) {
    natural.push_back(static_cast<int>(natural.size()));
    for (int k = 0; k < patch.nspec * patch.nwave; ++k) {
      const Corner a = corner(patch.ispec + k % patch.nspec, patch.iwave + k / patch.nspec);
      flops += 6. * nx * ny;
      for (int l = k; l < patch.nspec * patch.nwave && l <= k + patch.band; ++l) {
        const Corner b = corner(patch.ispec + l % patch.nspec, patch.iwave + l / patch.nspec);
        const int rows = std::min({a.y + ny, b.y + ny, patch.y1}) - std::max({a.y, b.y, patch.y0});
        flops += 2. * std::max(0, rows) * std::max(0, nx - std::abs(a.x - b.x));
      }
    }
  }
  const auto shapes = upload(Exec(), "zspex::benchmark::patches", patches);
  const auto order = upload(Exec(), "zspex::benchmark::order", natural);
  const int npatch = static_cast<int>(patches.size()), batch = std::min(npatch, busy());
  const PatchSizes sizes = sizes_of(patches, data.stride);
  SlotMemory<Exec> memory;
  const auto slots = memory.shape(batch, npatch, sizes, {false, false});
  measure(
      state, flops, [] {},
      [&](const Exec& exec) {
        for (int first = 0; first < npatch; first += batch) {
          const int count = std::min(batch, npatch - first);
          const DeviceView<const int*, Exec> now = Kokkos::subview(order, std::make_pair(first, first + count));
          form_normal_equations<Exec>(exec, data, {shapes, now, count}, sizes.n, slots);
        }
      });
  state.counters["band"] = sizes.band;
  state.counters["patches/s"] = benchmark::Counter(npatch, benchmark::Counter::kIsIterationInvariantRate);
}

/// Cholesky factors of nmatrix banded matrices, a team each. n b^2 flops, less the corner.
void factor_bands(const Exec& exec, const DeviceView<double**, Exec>& bands, const DeviceView<int*, Exec>& status,
                  int n, int b, int ld) {
  Kokkos::parallel_for(
      "zspex::benchmark::banded_cholesky", team_policy<Exec>(exec, bands.extent_int(0)),
      KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int failed = banded_cholesky<Exec>(team, &bands(team.league_rank(), 0), n, b, ld);
        Kokkos::single(Kokkos::PerTeam(team), [=]() { status(team.league_rank()) = failed; });
      });
}

void banded_cholesky_at(benchmark::State& state) {
  const int n = static_cast<int>(state.range(0)), b = static_cast<int>(state.range(1)), ld = band_stride(b);
  const int nmatrix = n < 10000 ? busy() : 1;  // many patches, or one bundle
  const std::size_t cells = static_cast<std::size_t>(n) * ld;
  DeviceView<double**, Exec> original("zspex::benchmark::original", nmatrix, cells),
      bands("zspex::benchmark::bands", nmatrix, cells);
  DeviceView<int*, Exec> status("zspex::benchmark::status", nmatrix);
  auto host = Kokkos::create_mirror_view(original);
  for (int i = 0; i < nmatrix; ++i)
    for (int j = 0; j < n; ++j)
      for (int d = 0; d <= b; ++d)
        host(i, static_cast<std::size_t>(j) * ld + d) = d == 0 ? 1.0 : 0.4 / b * ((d + j) % 7 - 3.0) / 3;
  Kokkos::deep_copy(original, host);
  double flops = 0;
  for (int j = 0; j < n; ++j) {
    const double below = std::min(b, n - 1 - j);
    flops += below * (below + 1) + below + 1;  // half of a rank-1 update: multiply-adds; the column's scaling
  }
  measure(
      state, flops * nmatrix, [&] { Kokkos::deep_copy(bands, original); },
      [&](const Exec& exec) { factor_bands(exec, bands, status, n, b, ld); });
  auto failed = Kokkos::create_mirror_view(status);
  Kokkos::deep_copy(failed, status);
  for (int i = 0; i < nmatrix; ++i)
    if (failed(i) != 0) state.SkipWithError("the matrix is not definite: this would time nothing");
}

void take_roots(const Exec& exec, const DeviceView<double**, Exec>& matrices, const DeviceView<double**, Exec>& scratch,
                const DeviceView<int*, Exec>& status, int m) {
  Kokkos::parallel_for(
      "zspex::benchmark::symmetric_root", team_policy<Exec>(exec, matrices.extent_int(0)),
      KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int i = team.league_rank();
        const int failed = symmetric_root<Exec>(team, &matrices(i, 0), m, Root::inverse_sqrt, &scratch(i, 0));
        Kokkos::single(Kokkos::PerTeam(team), [=]() { status(i) = failed; });
      });
}

/// Roots of covariance-like matrices: oscillating, decaying correlations. Flops, nominal: 4/3 m^3 to tridiagonalise,
/// 4/3 m^3 for the reflectors, 6 m^3 for QL at 1.7 sweeps per eigenvalue and 6 flops per rotated element (half of a
/// sweep's length on average), m^3 for the product.
void symmetric_root_at(benchmark::State& state) {
  const int m = static_cast<int>(state.range(0)), ld = round_up(m, row_quantum<Exec>), nmatrix = busy();
  DeviceView<double**, Exec> original("zspex::benchmark::original", nmatrix, static_cast<std::size_t>(m) * ld),
      matrices("zspex::benchmark::matrices", nmatrix, static_cast<std::size_t>(m) * ld),
      scratch("zspex::benchmark::scratch", nmatrix, symmetric_root_scratch<Exec>(m));
  DeviceView<int*, Exec> status("zspex::benchmark::status", nmatrix);
  auto host = Kokkos::create_mirror_view(original);
  for (int t = 0; t < nmatrix; ++t)
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < m; ++j)
        host(t, static_cast<std::size_t>(i) * ld + j) =
            300 * std::pow(-0.8, std::abs(i - j)) * (1 + 0.3 * std::sin(i)) * (1 + 0.3 * std::sin(j));
  Kokkos::deep_copy(original, host);
  const double m3 = static_cast<double>(m) * m * m;
  measure(
      state, nmatrix * m3 * (4 / 3. + 4 / 3. + 6 + 1), [&] { Kokkos::deep_copy(matrices, original); },
      [&](const Exec& exec) { take_roots(exec, matrices, scratch, status, m); });
  state.counters["roots/s"] = benchmark::Counter(nmatrix, benchmark::Counter::kIsIterationInvariantRate);
  auto failed = Kokkos::create_mirror_view(status);
  Kokkos::deep_copy(failed, status);
  for (int i = 0; i < nmatrix; ++i)
    if (failed(i) != 0) state.SkipWithError("the matrix is not definite: this would time nothing");
}

/// A whole bundle, from float pixels to spectra on the host.
void extract_bundle(benchmark::State& state, SolverKind solver) {
  const test::Camera one = camera(static_cast<int>(state.range(0)));
  const Psf psf = test::invent_psf(one);
  ExtractSettings settings = settings_of(one);
  settings.solver = solver;
  test::Random random(2026);
  test::Pixels pixels = test::expose(psf, settings.wave, test::invent_spectra(25, one.nwave, 300, random), random);
  test::add_noise(pixels, random);
  const auto extractor = make_extractor(psf, settings);
  ExtractedBlock found;
  const auto start = Clock::now();
  for (auto _ : state) {
    found = extractor->extract(pixels.view(), {0, 25});
    benchmark::DoNotOptimize(found.flux.data());  // results are on the host: nothing is left to wait for
  }
  if (found.nfailed > 0) state.SkipWithError("patches failed: this would not time the usual work");
  state.counters["patches"] = found.npatch;
  state.counters["bins/s"] = benchmark::Counter(25. * one.nwave, benchmark::Counter::kIsIterationInvariantRate);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (one.nwave == full)
    state.counters["frames_an_hour"] = 3600. / 20 * static_cast<double>(state.iterations()) / seconds;
}

/// What the host does for a block of a device, in the three steps that it takes: traces and cuts, which are kept for the next
/// frame of the PSF; pixels; results to spectra.
void host_plan(benchmark::State& state) {
  const test::Camera one = camera(static_cast<int>(state.range(0)));
  const Psf psf = test::invent_psf(one);
  const ExtractSettings settings = settings_of(one);
  for (auto _ : state) benchmark::DoNotOptimize(plan_block(psf, settings, {0, 25}, SolverKind::patch).patches.data());
}

void host_pixels(benchmark::State& state) {
  const test::Camera one = camera(static_cast<int>(state.range(0)));
  const BlockPlan plan = plan_block(test::invent_psf(one), settings_of(one), {0, 25}, SolverKind::patch);
  const test::Pixels image(one.nx, one.ny, 3, 0.1f);
  std::vector<double> pixels(static_cast<std::size_t>(plan.window.ny) * plan.window.stride), ivar(pixels.size());
  for (auto _ : state) {
    load_pixels(image.view(), plan.window, pixels.data(), ivar.data());
    benchmark::DoNotOptimize(pixels.data());
  }
}

void host_collect(benchmark::State& state) {
  const auto nwave = static_cast<std::size_t>(state.range(0));
  BlockOutput<Host> output;
  const auto results = output.make_room(25, 11, nwave, false);
  std::fill_n(results.flux.data(), 25 * nwave * (4 + 11), 0.5);
  for (auto _ : state) {
    ExtractedBlock out;
    out.failed = out.untraced = Array2<std::uint8_t>({25, nwave});
    output.collect(out);
    benchmark::DoNotOptimize(out.flux.data());
  }
}

BENCHMARK(host_plan)->ArgName("nwave")->Arg(small)->Arg(full)->Unit(benchmark::kMillisecond);
BENCHMARK(host_pixels)->ArgName("nwave")->Arg(small)->Arg(full)->Unit(benchmark::kMillisecond);
BENCHMARK(host_collect)->ArgName("nwave")->Arg(small)->Arg(full)->Unit(benchmark::kMillisecond);
BENCHMARK(spots)->ArgName("nwave")->Arg(small)->Arg(full)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(normal_equations)->ArgName("nwave")->Arg(small)->Arg(full)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(banded_cholesky_at)
    ->ArgNames({"n", "b"})
    ->Args({518, 51})
    ->Args({58750, 180})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(symmetric_root_at)->ArgName("m")->Arg(48)->Arg(74)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(extract_bundle, patch, SolverKind::patch)
    ->ArgName("nwave")
    ->Arg(small)
    ->Arg(full)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(extract_bundle, bundle, SolverKind::bundle)
    ->ArgName("nwave")
    ->Arg(small)
    ->Arg(full)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace zspex::kernels
