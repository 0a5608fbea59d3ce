#include "kernels/base/host_only.hpp"
#include "kernels/extract/detail/make_engine.hpp"

// Where the device is the host, its engine is compiled already.
#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP) || defined(KOKKOS_ENABLE_SYCL)
#include "kernels/extract/engine.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<Extractor> make_host_engine(const Psf& psf, const ExtractSettings& settings) {
  return std::make_unique<Engine<Host>>(psf, settings);
}

}  // namespace zspex::kernels::detail
#else
namespace zspex::kernels::detail {

std::unique_ptr<Extractor> make_host_engine(const Psf& psf, const ExtractSettings& settings) {
  return make_device_engine(psf, settings);
}

}  // namespace zspex::kernels::detail
#endif
