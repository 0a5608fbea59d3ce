/// \file
/// Backends of the execution spaces, each compiled in a file of its own.
#pragma once

#include <memory>

#include "kernels/redshift/detail/fit_setup.hpp"
#include "kernels/redshift/fit_backend.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<FitBackend> make_host_backend(std::shared_ptr<const FitSetup> setup);
/// On the device of Kokkos' default execution space. Without a GPU: the host with memory of its own, so that all that
/// surrounds a device works the same; or, if the settings want a GPU's kernels there, an emulated device.
std::unique_ptr<FitBackend> make_device_backend(std::shared_ptr<const FitSetup> setup);

}  // namespace zspex::kernels::detail
