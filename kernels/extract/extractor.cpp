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
  const ExtractSettings& settings = impl_->settings;
  const Psf& psf = impl_->psf;
  std::size_t largest = 0;
  for (const ExtractUnit& unit : plan_units(settings, fine)) {
    const ExtractUnit spotted = padded_unit(settings, unit);
    const std::size_t nwave = settings.wave.size() + 2 * settings.wavepad + settings.nwavestep;
    const std::size_t nspot = static_cast<std::size_t>(2 * psf.hsizey + 1) * spot_stride(2 * psf.hsizex + 1);
    const std::size_t nresult = (4 + 2 * psf.hsizey + 1) * static_cast<std::size_t>(unit.nspec) * settings.wave.size();
    const Traces traces = trace_fibers(psf, spotted.ispec, spotted.nspec,
                                       pad_wave(settings.wave, settings.dwave, settings.wavepad, settings.wavepad));
    const PixelWindow window = window_of(psf, traces);
    std::size_t doubles =
        spotted.nspec * nwave * nspot + 3 * static_cast<std::size_t>(window.ny) * window.stride + 2 * nresult;
    if (settings.solver == SolverKind::bundle) {
      PatchShape whole;
      whole.nspec = unit.nspec;
      whole.nwave = static_cast<int>(traces.wave.size());
      measure_band(psf, traces, whole);
      doubles += 2 * static_cast<std::size_t>(whole.nspec) * whole.nwave * band_stride(whole.band);
    }
    largest = std::max(largest, doubles * sizeof(double));
  }
  if (on_host<Kokkos::DefaultExecutionSpace>) return {largest, 0};
  return {largest / 4, largest};
}

}  // namespace zspex::kernels
