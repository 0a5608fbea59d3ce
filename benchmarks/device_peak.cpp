#include "benchmarks/device_peak.hpp"

#include "kernels/base/kokkos.hpp"

namespace zspex::benchmarks {

#ifdef KOKKOS_ENABLE_CUDA

namespace {

/// Single-precision units of a multiprocessor (CUDA C++ Programming Guide, arithmetic instructions). No attribute tells
/// them.
int float_units(int major, int minor) {
  if (major < 8) return 64;
  return major == 8 && minor == 0 ? 64 : 128;
}

}  // namespace

std::optional<DevicePeak> device_peak() {
  int device = 0;
  if (cudaGetDevice(&device) != cudaSuccess) return std::nullopt;
  bool known = true;
  const auto ask = [&](cudaDeviceAttr what) {
    int value = 0;
    known = known && cudaDeviceGetAttribute(&value, what, device) == cudaSuccess;
    return value;
  };
  const int units = float_units(ask(cudaDevAttrComputeCapabilityMajor), ask(cudaDevAttrComputeCapabilityMinor));
  const double hertz = 1e3 * ask(cudaDevAttrClockRate), memory_hertz = 1e3 * ask(cudaDevAttrMemoryClockRate);
  const int bus_bits = ask(cudaDevAttrGlobalMemoryBusWidth), ratio = ask(cudaDevAttrSingleToDoublePrecisionPerfRatio);
  DevicePeak peak;
  peak.float_flops = 2.0 * ask(cudaDevAttrMultiProcessorCount) * units * hertz;
  if (!known || ratio <= 0) return std::nullopt;
  peak.double_flops = peak.float_flops / ratio;
  peak.bytes = 2 * memory_hertz * bus_bits / 8;
  return peak;
}

#else

std::optional<DevicePeak> device_peak() { return std::nullopt; }

#endif

}  // namespace zspex::benchmarks
