/// \file
/// The backends of the host and of the device, each compiled in a file of its own.
#pragma once

#include <memory>

#include "kernels/extract/extract.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<Extractor> make_host_backend(const Psf& psf, const ExtractSettings& settings);
std::unique_ptr<Extractor> make_device_backend(const Psf& psf, const ExtractSettings& settings);

}  // namespace zspex::kernels::detail
