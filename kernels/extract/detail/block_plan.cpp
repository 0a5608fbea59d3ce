#include "kernels/extract/detail/block_plan.hpp"

namespace zspex::kernels::detail {
namespace {

bool bundle_is_dark(const Psf& psf, const ExtractSettings& settings, const FiberBlock& block) {
  const FiberBlock bundle = bundle_of(psf, settings.bundlesize, block.ispec);
  for (int ispec = bundle.ispec; ispec < bundle.ispec + bundle.nspec; ++ispec)
    if (!psf.is_dark(ispec)) return false;
  return true;
}

PatchShape whole_block(const Psf& psf, const ExtractSettings& settings, const Traces& traces,
                       const PixelWindow& window) {
  PatchShape whole;
  whole.nspec = whole.nkeep = traces.nspec;
  whole.nwavekeep = static_cast<int>(settings.wave.size());
  whole.wavepad = settings.wavepad;
  whole.nwave = whole.nwavekeep + 2 * settings.wavepad;
  whole.y1 = window.ny;
  whole.x1 = window.nx;
  measure_band(psf, traces, whole);
  return whole;
}

}  // namespace

std::size_t BlockPlan::bytes() const {
  return traces.wave.size() * sizeof(double) + traces.corner.size() * (2 * sizeof(double) + sizeof(Corner)) +
         patches.size() * sizeof(PatchShape);
}

BlockPlan plan_block(const Psf& psf, const ExtractSettings& settings, const FiberBlock& block, SolverKind solver) {
  BlockPlan plan;
  plan.block = block;
  plan.dark = bundle_is_dark(psf, settings, block);
  if (plan.dark) return plan;
  const bool bundle = solver == SolverKind::bundle;
  const FiberBlock spotted = bundle ? block : padded_block(psf, settings, block);
  const int above = settings.wavepad + (bundle ? 0 : settings.nwavestep);
  plan.traces = trace_fibers(psf, spotted.ispec, spotted.nspec,
                             pad_wave(settings.wave, settings.dwave, settings.wavepad, above), settings.bundlesize);
  plan.window = window_of(psf, plan.traces);
  if (bundle) {
    plan.whole = whole_block(psf, settings, plan.traces, plan.window);
    plan.patches = plan_windows(psf, plan.traces, settings.wavepad, plan.whole->nwavekeep);
  } else {
    plan.patches = plan_patches(psf, settings, block, plan.traces, plan.window);
  }
  count_from(plan.window, plan.traces);
  return plan;
}

}  // namespace zspex::kernels::detail
