#include "kernels/base/host_only.hpp"
// clang-format off: host_only.hpp comes first
#include "kernels/redshift/detail/make_site.hpp"
#include "kernels/redshift/detail/site_impl.hpp"
// clang-format on

namespace zspex::kernels::detail {

std::unique_ptr<FitSite> make_host_site(std::shared_ptr<const FitSetup> setup) {
  return std::make_unique<Site<Host>>(std::move(setup));
}

// Where the device is the host, it stands in for one.
#if !defined(KOKKOS_ENABLE_CUDA) && !defined(KOKKOS_ENABLE_HIP) && !defined(KOKKOS_ENABLE_SYCL)
std::unique_ptr<FitSite> make_emulated_site(std::shared_ptr<const FitSetup> setup);

std::unique_ptr<FitSite> make_device_site(std::shared_ptr<const FitSetup> setup) {
  if (setup->settings().teams) return make_emulated_site(std::move(setup));
  return std::make_unique<Site<Host>>(std::move(setup), true);
}
#endif

}  // namespace zspex::kernels::detail
