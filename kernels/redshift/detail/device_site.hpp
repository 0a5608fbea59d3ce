/// \file
/// Fits on the device of Kokkos' default execution space.
#pragma once

#include <memory>

#include "kernels/redshift/detail/engine.hpp"
#include "kernels/redshift/fit_site.hpp"

namespace zspex::kernels::detail {

/// Without a GPU: the host with memory of its own, so that all that surrounds a device works the same.
std::unique_ptr<FitSite> make_device_site(std::shared_ptr<const Engine> engine);

/// The device's kernels, teams of threads, on whatever the default execution space is: also on a host, where they are slower
/// than its own but show whether they are right.
std::unique_ptr<FitSite> make_team_site(std::shared_ptr<const Engine> engine);

}  // namespace zspex::kernels::detail
