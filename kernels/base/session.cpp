#include <string>

#include "kernels/base/kokkos.hpp"
#include "kernels/extract/extract.hpp"

namespace zspex::kernels {

KokkosSession::KokkosSession(int device_id, bool quiet) {
#if KOKKOS_VERSION >= 30700
  Kokkos::InitializationSettings settings;
  settings.set_disable_warnings(quiet);
  if (device_id >= 0) settings.set_device_id(device_id);
#else
  Kokkos::InitArguments settings;
  settings.disable_warnings = quiet;
  settings.device_id = device_id;
#endif
  Kokkos::initialize(settings);
}

KokkosSession::~KokkosSession() { Kokkos::finalize(); }

std::string kokkos_description() {
  const int version = KOKKOS_VERSION;
  return "Kokkos " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100) + " (" + Kokkos::DefaultExecutionSpace::name() + ")";
}

bool needs_device() {
#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP)
  return true;
#else
  return false;
#endif
}

int visible_devices() {
#if defined(KOKKOS_ENABLE_CUDA)
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
#elif defined(KOKKOS_ENABLE_HIP)
  int count = 0;
  return hipGetDeviceCount(&count) == hipSuccess ? count : 0;
#else
  return 0;
#endif
}

}  // namespace zspex::kernels
