#include <algorithm>
#include <string>

#include "config/base/error.hpp"
#include "kernels/extract/detail/unit_engine.hpp"

namespace zspex::kernels {
namespace {

const ExtractSettings& checked(const Psf& psf, const ExtractSettings& settings) {
  if (settings.wavepad < psf.hsizey)
    throw NumericsError("extract", "expected a padding of at least " + std::to_string(psf.hsizey) +
                                       " bins, as many as R has diagonals on each side (HSIZEY), found " +
                                       std::to_string(settings.wavepad) + ". Set wavepad higher.");
  return settings;
}

}  // namespace

Extractor::Extractor(const Psf& psf, const ExtractSettings& settings, Place place)
    : settings_(checked(psf, settings)),
      engine_(place == Place::host ? detail::make_host_engine(psf, settings)
                                   : detail::make_device_engine(psf, settings)) {}
Extractor::~Extractor() = default;
Extractor::Extractor(Extractor&&) noexcept = default;
Extractor& Extractor::operator=(Extractor&&) noexcept = default;

ExtractedUnit Extractor::extract(const Image& image, const ExtractUnit& unit) { return engine_->extract(image, unit); }

Extractor::Memory Extractor::memory(bool fine) const {
  Memory most;
  for (const ExtractUnit& unit : plan_units(settings_, fine)) {
    const Memory one = engine_->memory(unit);
    most.host = std::max(most.host, one.host);
    most.device = std::max(most.device, one.device);
  }
  return most;
}

}  // namespace zspex::kernels
