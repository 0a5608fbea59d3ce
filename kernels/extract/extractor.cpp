#include <string>

#include "core/error.hpp"
#include "kernels/extract/detail/make_engine.hpp"

namespace zspex::kernels {

std::unique_ptr<Extractor> make_extractor(const Psf& psf, const ExtractSettings& settings, Place place) {
  if (settings.wavepad < psf.hsizey)
    throw NumericsError("extract", "expected a padding of at least " + std::to_string(psf.hsizey) +
                                       " bins, as many as R has diagonals on each side (HSIZEY), found " +
                                       std::to_string(settings.wavepad) + ". Set wavepad higher.");
  return place == Place::host ? detail::make_host_engine(psf, settings) : detail::make_device_engine(psf, settings);
}

ExtractedUnit Extractor::extract(const Image& image, const ExtractUnit& unit) {
  start(image, unit);
  return finish();
}

}  // namespace zspex::kernels
