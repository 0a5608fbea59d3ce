#include "kernels/extract/detail/make_engine.hpp"
#include "kernels/extract/engine.hpp"

namespace zspex::kernels::detail {

std::unique_ptr<Extractor> make_device_engine(const Psf& psf, const ExtractSettings& settings) {
  return std::make_unique<Engine<Device>>(psf, settings);
}

}  // namespace zspex::kernels::detail
