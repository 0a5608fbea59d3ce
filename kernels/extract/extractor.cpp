#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "kernels/extract/detail/make_backend.hpp"

namespace zspex::kernels {

std::unique_ptr<Extractor> make_extractor(const Psf& psf, const ExtractSettings& settings, BackendKind kind) {
  if (settings.wavepad < psf.hsizey)
    throw NumericsError("extract", "expected a padding of at least " + std::to_string(psf.hsizey) +
                                       " bins, as many as R has diagonals on each side (HSIZEY), found " +
                                       std::to_string(settings.wavepad) + ". Set wavepad higher.");
  return kind == BackendKind::host ? detail::make_host_backend(psf, settings)
                                   : detail::make_device_backend(psf, settings);
}

std::vector<FiberBlock> plan_blocks(const ExtractSettings& settings, bool fine) {
  const bool split = fine && settings.solver == SolverKind::patch && settings.model == ModelKind::none;
  const int step = split ? settings.bundlesize / settings.nsubbundles : settings.bundlesize;
  std::vector<FiberBlock> blocks;
  for (int ispec = settings.specmin; ispec < settings.specmin + settings.nspec; ispec += step)
    blocks.push_back({ispec, step});
  return blocks;
}

ExtractedBlock Extractor::extract(const Image& image, const FiberBlock& block) {
  start(image, block);
  return finish();
}

}  // namespace zspex::kernels
