// Writing a frame of the r camera at its real size: 500 fibers x 2751 wavelengths with 11 diagonals, 83 MB. Flux with noise, masks
// of some bits, a resolution that changes slowly. Into TMPDIR; bytes of the file, CPU seconds of all threads, and seconds.
// build/write_benchmark [--benchmark_filter=h5]; arguments are --compress (0 none, 1 fast, 2 best) and threads.
#include <benchmark/benchmark.h>
#include <hdf5.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "core/format.hpp"
#include "io/frame.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::io {
namespace {

Frame invented_frame(std::size_t nspec) {
  constexpr std::size_t nwave = 2751, ndiag = 11;
  test::Random random(1);
  Frame frame;
  frame.flux = frame.ivar = frame.chi2pix = Array2<float>({nspec, nwave});
  frame.mask = Array2<std::uint32_t>({nspec, nwave});
  frame.resolution = Array3<float>({nspec, ndiag, nwave});
  for (std::size_t iwave = 0; iwave < nwave; ++iwave) frame.wave.push_back(5500 + 0.8 * static_cast<double>(iwave));
  for (std::size_t ispec = 0; ispec < nspec; ++ispec)
    for (std::size_t iwave = 0; iwave < nwave; ++iwave) {
      const double x = static_cast<double>(iwave) / nwave, fiber = static_cast<double>(ispec) / 500;
      const double light = 200 + 100 * x + 80 * fiber + 2000 * std::pow(std::cos(90 * x + fiber), 40.0);
      const double ivar = 1 / (light + 12) * (1 + 0.02 * random.normal());
      frame.flux(ispec, iwave) = static_cast<float>(light + random.normal() / std::sqrt(std::abs(ivar)));
      frame.ivar(ispec, iwave) = static_cast<float>(std::abs(ivar));
      frame.chi2pix(ispec, iwave) = static_cast<float>(1 + 0.3 * std::abs(random.normal()));
      frame.mask(ispec, iwave) = random.uniform() < 0.01 ? 4 : 0;
      const double sigma = 1 + 0.2 * x + 0.1 * fiber + 0.01 * random.normal();
      for (std::size_t idiag = 0; idiag < ndiag; ++idiag) {
        const double d = (static_cast<double>(idiag) - 5) / sigma;
        frame.resolution(ispec, idiag, iwave) =
            static_cast<float>(std::exp(-d * d / 2) / (2.5066 * sigma) * (1 + 0.001 * random.normal()));
      }
    }
  return frame;
}

const Frame& frame_of(std::size_t nspec) {
  static std::size_t made = 0;
  static Frame frame;
  if (made != nspec) frame = invented_frame(nspec);
  made = nspec;
  return frame;
}

/// Runs write(path) and counts the file's bytes.
template <class Write>
void run(benchmark::State& state, const std::string& suffix, const Write& write) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("zspex-write-{}{}", getpid(), suffix);
  for (auto _ : state) write(path.string());
  state.counters["file_MB"] = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
  std::filesystem::remove(path);
}

/// {fibers, compress, threads}
WriteOptions options_of(const benchmark::State& state) {
  return {static_cast<Compress>(state.range(1)), static_cast<int>(state.range(2))};
}

void h5(benchmark::State& state) {
  const Frame& frame = frame_of(static_cast<std::size_t>(state.range(0)));
  run(state, ".h5", [&](const std::string& path) { write_frame_hdf5(path, "r0", frame, {}, {}, options_of(state)); });
}

void fits(benchmark::State& state, const char* suffix) {
  const Frame& frame = frame_of(static_cast<std::size_t>(state.range(0)));
  run(state, suffix, [&](const std::string& path) { write_frame_fits(path, frame, {}, options_of(state)); });
}

/// The arrays through HDF5's own filters: zlib. {fibers, level}
void h5_zlib(benchmark::State& state) {
  const Frame& frame = frame_of(static_cast<std::size_t>(state.range(0)));
  run(state, ".h5", [&](const std::string& path) {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const auto add = [&](const char* name, hid_t type, std::vector<hsize_t> shape, const void* data) {
      const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
      const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
      shape[0] = shape.size() == 3 ? 8 : 25;
      H5Pset_chunk(creation, static_cast<int>(shape.size()), shape.data());
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, static_cast<unsigned>(state.range(1)));
      H5Pset_fletcher32(creation);
      const hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
      H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
      H5Dclose(dataset);
      H5Sclose(space);
      H5Pclose(creation);
    };
    const hsize_t nspec = frame.flux.extent(0), nwave = frame.flux.extent(1);
    add("flux", H5T_NATIVE_FLOAT, {nspec, nwave}, frame.flux.data());
    add("ivar", H5T_NATIVE_FLOAT, {nspec, nwave}, frame.ivar.data());
    add("mask", H5T_NATIVE_UINT32, {nspec, nwave}, frame.mask.data());
    add("chi2pix", H5T_NATIVE_FLOAT, {nspec, nwave}, frame.chi2pix.data());
    add("resolution", H5T_NATIVE_FLOAT, {nspec, frame.resolution.extent(1), nwave}, frame.resolution.data());
    H5Fclose(file);
  });
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"fibers", "compress", "threads"})->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kSecond);
  bench->Args({25, 1, 2});
  for (const int compress : {0, 1, 2})
    for (const int nthread : {1, 2}) bench->Args({500, compress, nthread});
}

BENCHMARK(h5)->Apply(sizes);
BENCHMARK_CAPTURE(fits, gz, ".fits.gz")->Apply(sizes);
BENCHMARK_CAPTURE(fits, fz, ".fits.fz")
    ->ArgNames({"fibers", "compress", "threads"})
    ->Args({500, 1, 1})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(fits, plain, ".fits")
    ->ArgNames({"fibers", "compress", "threads"})
    ->Args({500, 1, 1})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kSecond);
BENCHMARK(h5_zlib)
    ->ArgNames({"fibers", "level"})
    ->Args({500, 1})
    ->Args({500, 4})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace zspex::io
