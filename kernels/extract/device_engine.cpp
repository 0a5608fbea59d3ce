#include "kernels/extract/detail/engine_on.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<UnitEngine> make_device_engine(const Psf& psf, const ExtractSettings& settings) {
  return std::make_unique<EngineOn<Kokkos::DefaultExecutionSpace>>(psf, settings);
}

}  // namespace zspex::kernels::detail
