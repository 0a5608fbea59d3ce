#include "kernels/base/host_only.hpp"
#include "kernels/extract/detail/unit_engine.hpp"

// Where the device is the host, its engine is compiled already.
#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP) || defined(KOKKOS_ENABLE_SYCL)
#include "kernels/extract/detail/engine_on.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<UnitEngine> make_host_engine(const Psf& psf, const ExtractSettings& settings) {
  return std::make_unique<EngineOn<Kokkos::DefaultHostExecutionSpace>>(psf, settings);
}

}  // namespace zspex::kernels::detail
#else
namespace zspex::kernels::detail {

std::unique_ptr<UnitEngine> make_host_engine(const Psf& psf, const ExtractSettings& settings) {
  return make_device_engine(psf, settings);
}

}  // namespace zspex::kernels::detail
#endif
