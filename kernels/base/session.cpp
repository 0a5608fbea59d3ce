#include "kernels/base/session.hpp"

#include <cstdlib>

#include "kernels/base/kokkos.hpp"

#if defined(KOKKOS_ENABLE_CUDA)
#include <cuda.h>
#endif

namespace zspex::kernels {
namespace {

#if KOKKOS_VERSION >= 30700
using Settings = Kokkos::InitializationSettings;
#else
using Settings = Kokkos::InitArguments;
#endif

Settings make_settings(int device_id, bool quiet) {
  Settings settings;
#if KOKKOS_VERSION >= 30700
  settings.set_disable_warnings(quiet);
  if (device_id >= 0) settings.set_device_id(device_id);
#else
  settings.disable_warnings = quiet;
  settings.device_id = device_id;
#endif
  return settings;
}

}  // namespace

#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP)

// Kokkos starts all its spaces or none, and where there is no GPU it doesn't start at all. A rank of a GPU program that
// stays on the CPU starts the host's alone, also because a context on a GPU would take hundreds of MB of it. Kokkos has
// no public way to do so: these are the steps that its initialize() and finalize() are made of (initialize_internal in
// Kokkos_Core.cpp), which 4.7 and 5.2 have. Whoever raises the version looks there first.
namespace {
static_assert(KOKKOS_VERSION < 60000, "Are Kokkos::initialize() and finalize() still made of the steps below?");
using Host = Kokkos::DefaultHostExecutionSpace;
constexpr bool also_serial = !std::is_same_v<Host, Kokkos::Serial>;

/// What initialize() alone reads of the environment: a tool that looks on.
void add_tools(Kokkos::InitializationSettings& settings) {
  if (const char* libraries = std::getenv("KOKKOS_TOOLS_LIBS")) settings.set_tools_libs(libraries);
  if (const char* arguments = std::getenv("KOKKOS_TOOLS_ARGS")) settings.set_tools_args(arguments);
}
}  // namespace

KokkosSession::KokkosSession(BackendKind kind, int device_id, bool quiet) : host_only_(kind == BackendKind::host) {
  Settings settings = make_settings(host_only_ ? -1 : device_id, quiet);
  if (!host_only_) {
    Kokkos::initialize(settings);
    return;
  }
  add_tools(settings);
  Kokkos::Impl::pre_initialize(settings);
  Host::impl_initialize(settings);
  if constexpr (also_serial) Kokkos::Serial::impl_initialize(settings);
  Kokkos::Impl::post_initialize(settings);
}

KokkosSession::~KokkosSession() {
  if (!host_only_) {
    Kokkos::finalize();
    return;
  }
  Kokkos::Impl::pre_finalize();
  if constexpr (also_serial) Kokkos::Serial::impl_finalize();
  Host::impl_finalize();
  Kokkos::Impl::post_finalize();
}

bool needs_device() { return true; }

#else

KokkosSession::KokkosSession(BackendKind, int device_id, bool quiet) {
  Kokkos::initialize(make_settings(device_id, quiet));
}

KokkosSession::~KokkosSession() { Kokkos::finalize(); }

bool needs_device() { return false; }

#endif

std::string kokkos_description() {
  const int version = KOKKOS_VERSION;
  return "Kokkos " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100) + " (" + Kokkos::DefaultExecutionSpace::name() + ")";
}

#if defined(KOKKOS_ENABLE_CUDA)

namespace {

/// Tells apart the instances of one GPU, which share a place on the bus (MIG). Empty where the driver is too old to know.
std::string unique_id(int number) {
  CUdevice device = 0;
  CUuuid id;
  if (cuDeviceGet(&device, number) != CUDA_SUCCESS || cuDeviceGetUuid_v2(&id, device) != CUDA_SUCCESS) return "";
  return std::string(id.bytes, sizeof id.bytes);
}

}  // namespace

std::vector<std::string> visible_devices() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return {};
  std::vector<std::string> devices;
  for (int i = 0; i < count; ++i) {
    char place[32] = "";
    if (cudaDeviceGetPCIBusId(place, sizeof place, i) == cudaSuccess) devices.push_back(place + unique_id(i));
  }
  return devices;
}

DeviceMemory device_memory() {
  DeviceMemory memory;
  if (cudaMemGetInfo(&memory.free, &memory.total) != cudaSuccess) return {};
  return memory;
}

std::string device_name() {
  int device = 0;
  cudaDeviceProp properties;
  if (cudaGetDevice(&device) != cudaSuccess || cudaGetDeviceProperties(&properties, device) != cudaSuccess) return "";
  return properties.name;
}

#elif defined(KOKKOS_ENABLE_HIP)

std::vector<std::string> visible_devices() {
  int count = 0;
  if (hipGetDeviceCount(&count) != hipSuccess) return {};
  std::vector<std::string> devices;
  for (int i = 0; i < count; ++i) {
    char place[32] = "";
    if (hipDeviceGetPCIBusId(place, sizeof place, i) == hipSuccess) devices.emplace_back(place);
  }
  return devices;
}

DeviceMemory device_memory() {
  DeviceMemory memory;
  if (hipMemGetInfo(&memory.free, &memory.total) != hipSuccess) return {};
  return memory;
}

std::string device_name() {
  int device = 0;
  hipDeviceProp_t properties;
  if (hipGetDevice(&device) != hipSuccess || hipGetDeviceProperties(&properties, device) != hipSuccess) return "";
  return properties.name;
}

#else

std::vector<std::string> visible_devices() { return {}; }
DeviceMemory device_memory() { return {}; }
std::string device_name() { return ""; }

#endif

}  // namespace zspex::kernels
