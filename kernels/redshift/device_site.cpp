#include "kernels/redshift/detail/device_site.hpp"

#include "kernels/redshift/detail/host_site.hpp"
#include "kernels/redshift/detail/team_site.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<FitSite> make_team_site(std::shared_ptr<const Engine> engine) {
  return std::make_unique<TeamSite<Kokkos::DefaultExecutionSpace>>(std::move(engine));
}

std::unique_ptr<FitSite> make_device_site(std::shared_ptr<const Engine> engine) {
  if constexpr (on_host<Kokkos::DefaultExecutionSpace>)
    return std::make_unique<HostSite>(std::move(engine), true);
  else
    return make_team_site(std::move(engine));
}

}  // namespace zspex::kernels::detail
