#include "kernels/base/kokkos.hpp"
#include "kernels/extract/detail/unit_engine.hpp"

// Where the device is the host, its engine is compiled already.
#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP) || defined(KOKKOS_ENABLE_SYCL)

// nvcc would compile these kernels for the GPU as well, and refuses the vectors of the host's. They run on the host alone.
#ifdef __NVCC__
#undef KOKKOS_FUNCTION
#undef KOKKOS_INLINE_FUNCTION
#undef KOKKOS_FORCEINLINE_FUNCTION
#undef KOKKOS_LAMBDA
#undef KOKKOS_CLASS_LAMBDA
#define KOKKOS_FUNCTION
#define KOKKOS_INLINE_FUNCTION inline
#define KOKKOS_FORCEINLINE_FUNCTION inline __attribute__((always_inline))
#define KOKKOS_LAMBDA [=]
#define KOKKOS_CLASS_LAMBDA [ =, *this ]
#endif
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
