/// \file
/// Fits on the device of Kokkos' default execution space.
#pragma once

#include <memory>

#include "kernels/redshift/detail/engine.hpp"
#include "kernels/redshift/fit_site.hpp"

namespace zspex::kernels::detail {

/// Without a GPU: the host with memory of its own, so that all that surrounds a device works the same; or, if the settings
/// want them, the device's kernels there, too.
std::unique_ptr<FitSite> make_device_site(std::shared_ptr<const Engine> engine);

}  // namespace zspex::kernels::detail
