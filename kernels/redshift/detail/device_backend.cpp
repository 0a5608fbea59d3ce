#include "kernels/redshift/detail/backend_impl.hpp"
#include "kernels/redshift/detail/make_backend.hpp"

namespace zspex::kernels {

std::size_t device_workspace_bytes(int nbasis, std::size_t npair) {
  return 2 * (detail::fine_workspace_bytes + detail::solve_workspace_bytes +
              std::min(FitSettings().scan_workspace, npair * detail::pair_bytes(nbasis)));
}

namespace detail {

#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP) || defined(KOKKOS_ENABLE_SYCL)
std::unique_ptr<FitBackend> make_device_backend(std::shared_ptr<const FitSetup> setup) {
  return std::make_unique<RedshiftBackend<Device>>(std::move(setup));
}
#else
std::unique_ptr<FitBackend> make_emulated_backend(std::shared_ptr<const FitSetup> setup) {
  return std::make_unique<RedshiftBackend<EmulatedDevice>>(std::move(setup));
}
#endif

}  // namespace detail
}  // namespace zspex::kernels
