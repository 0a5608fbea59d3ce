/// \file
/// The engines of the host and of the device, each compiled in a file of its own.
#pragma once

#include <memory>

#include "kernels/extract/extract.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<Extractor> make_host_engine(const Psf& psf, const ExtractSettings& settings);
std::unique_ptr<Extractor> make_device_engine(const Psf& psf, const ExtractSettings& settings);

}  // namespace zspex::kernels::detail
