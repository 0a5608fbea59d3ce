#include "kernels/extract/detail/backend.hpp"
#include "kernels/extract/detail/make_backend.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<Extractor> make_device_backend(const Psf& psf, const ExtractSettings& settings) {
  return std::make_unique<ExtractBackend<Device>>(psf, settings);
}

}  // namespace zspex::kernels::detail
