#include "kernels/base/host_only.hpp"
#include "kernels/extract/detail/make_backend.hpp"

// Where the device is the host, its backend is compiled already.
#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP) || defined(KOKKOS_ENABLE_SYCL)
#include "kernels/extract/detail/backend.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<Extractor> make_host_backend(const Psf& psf, const ExtractSettings& settings) {
  return std::make_unique<ExtractBackend<Host>>(psf, settings);
}

}  // namespace zspex::kernels::detail
#else
namespace zspex::kernels::detail {

std::unique_ptr<Extractor> make_host_backend(const Psf& psf, const ExtractSettings& settings) {
  return make_device_backend(psf, settings);
}

}  // namespace zspex::kernels::detail
#endif
