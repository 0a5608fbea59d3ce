#include "kernels/redshift/detail/device_site.hpp"

#include <algorithm>

#include "kernels/redshift/detail/host_site.hpp"
#include "kernels/redshift/detail/team_site.hpp"
#include "kernels/redshift/fitter.hpp"

namespace zspex::kernels {

std::size_t device_workspace_bytes(int nbasis, std::size_t npair) {
  return detail::fine_workspace_bytes + 2 * std::min(detail::scan_workspace_bytes, npair * detail::pair_bytes(nbasis));
}

namespace detail {

std::unique_ptr<FitSite> make_device_site(std::shared_ptr<const Engine> engine) {
  if (on_host<Device> && !engine->settings().teams) return std::make_unique<HostSite>(std::move(engine), true);
  return std::make_unique<TeamSite<Device>>(std::move(engine));
}

}  // namespace detail
}  // namespace zspex::kernels
