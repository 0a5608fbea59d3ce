#include "kernels/redshift/detail/device_site.hpp"

#include "kernels/redshift/detail/host_site.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<FitSite> make_device_site(std::shared_ptr<const Engine> engine) {
  return std::make_unique<HostSite>(std::move(engine), true);
}

}  // namespace zspex::kernels::detail
