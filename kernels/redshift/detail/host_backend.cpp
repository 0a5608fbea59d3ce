#include "kernels/base/host_only.hpp"
// clang-format off: host_only.hpp comes first
#include "kernels/redshift/detail/backend_impl.hpp"
#include "kernels/redshift/detail/make_backend.hpp"
// clang-format on

namespace zspex::kernels::detail {

std::unique_ptr<FitBackend> make_host_backend(std::shared_ptr<const FitSetup> setup) {
  return std::make_unique<RedshiftBackend<Host>>(std::move(setup));
}

// Host fallback: where the device is the host, too.
#if !defined(KOKKOS_ENABLE_CUDA) && !defined(KOKKOS_ENABLE_HIP) && !defined(KOKKOS_ENABLE_SYCL)
std::unique_ptr<FitBackend> make_emulated_backend(std::shared_ptr<const FitSetup> setup);

std::unique_ptr<FitBackend> make_device_backend(std::shared_ptr<const FitSetup> setup) {
  if (setup->settings().teams) return make_emulated_backend(std::move(setup));
  return std::make_unique<RedshiftBackend<Host>>(std::move(setup), true);
}
#endif

}  // namespace zspex::kernels::detail
