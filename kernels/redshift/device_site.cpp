#include "kernels/redshift/detail/device_site.hpp"

#include "kernels/redshift/detail/host_site.hpp"
#include "kernels/redshift/detail/team_site.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<FitSite> make_device_site(std::shared_ptr<const Engine> engine) {
  using Device = Kokkos::DefaultExecutionSpace;
  if (on_host<Device> && !engine->settings().teams) return std::make_unique<HostSite>(std::move(engine), true);
  return std::make_unique<TeamSite<Device>>(std::move(engine));
}

}  // namespace zspex::kernels::detail
