#include "pipeline/extract/frame_job.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/format.hpp"
#include "pipeline/extract/camera_choice.hpp"

namespace zspex::pipeline {
namespace {

/// Nothing is computed from a bad fiber's numbers, which may be NaN.
void clear_fiber(Legendre& series, int ispec) {
  const auto coeff = series.coeff.row(static_cast<std::size_t>(ispec));
  std::fill(coeff.begin(), coeff.end(), 0.0);
}

}  // namespace

Psf usable_psf(const io::PsfFile& file, bool tails) {
  Psf out = file;
  if (!tails || !file.has_tail) out.tail.clear();
  for (const io::BadFiber& bad : file.bad_fibers) {
    for (Legendre* series : {&out.x, &out.y, &out.sigmax, &out.sigmay}) clear_fiber(*series, bad.ispec);
    for (Legendre& series : out.gh) clear_fiber(series, bad.ispec);
    for (Legendre& series : out.tail) clear_fiber(series, bad.ispec);
    if (out.second) {
      for (Legendre* series : {&out.second->sigmax, &out.second->sigmay, &out.second->nsig})
        clear_fiber(*series, bad.ispec);
      for (Legendre& series : out.second->gh) clear_fiber(series, bad.ispec);
    }
    out.faults.push_back({bad.ispec, 0, HUGE_VAL, true, bad.why});
  }
  return out;
}

kernels::ExtractSettings extract_settings(const config::ExtractConfig& config, const io::PsfFile& psf,
                                          const std::string& camera, double heliocor) {
  const int nspec = config.nspec > 0 ? config.nspec : psf.nspec - config.specmin;
  if (nspec <= 0 || nspec > psf.nspec || config.specmin > psf.nspec - nspec) {
    throw ConfigError("configuration", config.nspec > 0 ? "extract.nspec" : "extract.specmin",
                      fmt::format("expected fibers that are in the PSF, found fibers {} to {}, but {} has {} fibers. "
                                  "Lower --specmin or --nspec, or name the whole PSF with --psf.",
                                  config.specmin, static_cast<long long>(config.specmin) + std::max(nspec, 1) - 1,
                                  psf.path, psf.nspec));
  }
  if (nspec % config.bundlesize != 0) {
    throw ConfigError(
        "configuration", "extract.nspec",
        fmt::format(
            "expected whole bundles of {} fibers, found {} fibers from fiber {} on in {}. Set --nspec or --bundlesize.",
            config.bundlesize, nspec, config.specmin, psf.path));
  }
  const config::WaveRange range = choose_wavelength(config, psf, camera).value;
  kernels::ExtractSettings settings;
  settings.wave = kernels::wave_grid(range.wavemin, range.wavemax, range.dwave);
  settings.dwave = range.dwave / heliocor;
  if (heliocor != 1 && !settings.wave.empty()) {
    // As many bins as in the file: the end lies on a bin, half a step from where rounding could decide.
    const double last = settings.wave.back();
    settings.wave = kernels::wave_grid(range.wavemin / heliocor, last / heliocor, settings.dwave);
  }
  settings.specmin = config.specmin;
  settings.nspec = nspec;
  settings.solver = config.solver == config::Solver::patch ? kernels::SolverKind::patch : kernels::SolverKind::bundle;
  settings.decorrelation = config.decorrelation == config::Decorrelation::signal ? kernels::DecorrelationKind::signal
                                                                                 : kernels::DecorrelationKind::noise;
  settings.bundlesize = config.bundlesize;
  settings.nsubbundles = config.nsubbundles;
  // A patch longer than the range would solve for bins that are thrown away. The usual 50 stay, as in the reference.
  settings.nwavestep = std::min(config.nwavestep, std::max(50, static_cast<int>(settings.wave.size())));
  settings.wavepad = config.wavepad + static_cast<int>(config.wavepad * config.wavepad_frac);
  settings.pixpad_frac = config.pixpad_frac;
  settings.regularize = config.regularize;
  settings.psferr = choose_psferr(config, psf, camera).value;
  settings.model = config.model.empty()                              ? kernels::ModelKind::none
                   : config.model_of == config::ModelOf::reconvolved ? kernels::ModelKind::reconvolved
                                                                     : kernels::ModelKind::deconvolved;
  settings.batch = config.batch;
  return settings;
}

bool blocks_are_fine(const kernels::ExtractSettings& settings, int nrank, bool with_gpu) {
  if (with_gpu || settings.solver != kernels::SolverKind::patch) return false;
  if (settings.model != kernels::ModelKind::none) return false;  // a bundle's model is summed in one order
  // Four blocks per rank leave at most a fifth of the time to waiting for the last one; one rank waits for nobody.
  return nrank > 1 && static_cast<std::size_t>(nrank) * 4 > kernels::plan_blocks(settings, false).size();
}

std::vector<kernels::FiberBlock> blocks_of_group(const kernels::ExtractSettings& settings, int nrank, bool with_gpu) {
  return kernels::plan_blocks(settings, blocks_are_fine(settings, nrank, with_gpu));
}

}  // namespace zspex::pipeline
