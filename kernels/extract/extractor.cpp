#include <algorithm>
#include <string>

#include "config/base/error.hpp"
#include "kernels/extract/engine.hpp"

namespace zspex::kernels {

struct Extractor::Impl {
  Psf psf;
  ExtractSettings settings;
  Engine<Kokkos::DefaultExecutionSpace> engine;
  Impl(const Psf& p, const ExtractSettings& s) : psf(p), settings(s), engine(p, s) {
    if (settings.wavepad < psf.hsizey)
      throw NumericsError("extract", "expected a padding of at least " + std::to_string(psf.hsizey) +
                                         " bins, as many as R has diagonals on each side (HSIZEY), found " +
                                         std::to_string(settings.wavepad) + ". Set wavepad higher.");
  }
};

Extractor::Extractor(const Psf& psf, const ExtractSettings& settings) : impl_(std::make_unique<Impl>(psf, settings)) {}
Extractor::~Extractor() = default;
Extractor::Extractor(Extractor&&) noexcept = default;
Extractor& Extractor::operator=(Extractor&&) noexcept = default;

ExtractedUnit Extractor::extract(const Image& image, const ExtractUnit& unit) {
  return impl_->engine.extract(image, unit);
}

Extractor::Memory Extractor::memory(bool fine) const {
  std::size_t largest = 0;
  for (const ExtractUnit& unit : plan_units(impl_->settings, fine))
    largest = std::max(largest, impl_->engine.memory(unit));
  if (on_host<Kokkos::DefaultExecutionSpace>) return {largest, 0};
  return {largest / 8, largest};  // the host keeps mirrors of pixels and results
}

}  // namespace zspex::kernels
