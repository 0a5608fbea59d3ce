#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/format.hpp"
#include "kernels/extract/extract.hpp"
#include "simulate/draw_targets.hpp"
#include "simulate/fibermap.hpp"
#include "simulate/frame_header.hpp"
#include "simulate/instrument.hpp"
#include "simulate/random.hpp"
#include "simulate/simulate.hpp"

namespace zspex::simulate {
namespace {

/// Bins of light beyond each end of the truth. The extraction pads its patches by 12 bins, and its last patch may reach
/// 49 bins beyond the end before that: what it sees there should be light, not a cliff.
constexpr int light_pad = 100;

/// True where all of the spots' centers are so far inside the CCD that the spots are.
bool on_ccd(const io::PsfFile& psf, int specmin, int nspec, double wave) {
  for (int ispec = specmin; ispec < specmin + nspec; ++ispec) {
    const double x = evaluate(psf.x, ispec, wave), y = evaluate(psf.y, ispec, wave);
    if (x < psf.hsizex || x > psf.npix_x - 1 - psf.hsizex || y < psf.hsizey || y > psf.npix_y - 1 - psf.hsizey)
      return false;
  }
  return true;
}

/// Refuses wavelengths off the CCD, and says which are on it.
void check_on_ccd(const config::SimulateConfig& config, const Task& task, const io::PsfFile& psf) {
  const auto inside = [&](double wave) { return on_ccd(psf, config.specmin, config.nspec, wave); };
  if (inside(task.range.wavemin) && inside(task.range.wavemax)) return;
  double low = 0, high = 0;
  for (double wave = std::ceil(psf.x.wavemin); wave <= psf.x.wavemax; wave += 1)
    if (inside(wave)) {
      if (low == 0) low = wave;
      high = wave;
    }
  throw ConfigError(
      "simulate", std::string("wave_") + task.camera.band,
      fmt::format("expected wavelengths whose light falls on the CCD ({} x {} pixels) for all of fibers {} to {} of "
                  "camera {}, found {:.1f} to {:.1f} Angstrom. {}",
                  psf.npix_x, psf.npix_y, config.specmin, config.specmin + config.nspec - 1, task.camera.name(),
                  task.range.wavemin, task.range.wavemax,
                  low > 0 ? fmt::format("Use {:.1f} to {:.1f} or less.", low, high)
                          : "No wavelength does: choose other fibers, or a larger CCD (npix_x, npix_y)."));
}

/// Bins of light inside the range for which the PSF was made, beyond which its series run away.
LightBins bins_of_light(const Task& task, const io::PsfFile& psf, int oversample) {
  const std::vector<double> wave = kernels::wave_grid(task.range.wavemin, task.range.wavemax, task.range.dwave);
  const auto pad = [&](double room) { return std::clamp(static_cast<int>(room / task.range.dwave), 0, light_pad); };
  return make_light_bins(wave, task.range.dwave, pad(wave.front() - psf.x.wavemin), pad(psf.x.wavemax - wave.back()),
                         oversample);
}

}  // namespace

io::PsfFile task_psf(const config::SimulateConfig& config, const Task& task) {
  const int last = config.specmin + config.nspec;
  io::PsfFile psf;
  if (task.psf_in.empty()) {
    if (last > petal_fibers)
      throw ConfigError(
          "simulate", "nspec",
          fmt::format(
              "expected fibers below {}, which the invented instrument has, found {} to {}. Lower specmin or nspec.",
              petal_fibers, config.specmin, last - 1));
    psf = invent_psf(task.camera, last);
  } else {
    psf = io::read_psf(task.psf_in);
    if (!psf.camera.empty() && psf.camera[0] != task.camera.band)
      throw FileError(task.psf_in, "PSF",
                      fmt::format("expected a PSF of a {} camera for camera {}, found CAMERA = {}. Give the files in "
                                  "the order of the cameras.",
                                  std::string(1, task.camera.band), task.camera.name(), psf.camera));
    if (psf.second)
      throw FileError(task.psf_in, "PSF",
                      "expected PSFTYPE = 'GAUSS-HERMITE', found 'GAUSS-HERMITE2', through which nothing is simulated. "
                      "Give another PSF, or none for an invented one.");
    if (!psf.bad_fibers.empty())
      throw FileError(task.psf_in, "PSF",
                      fmt::format("expected a PSF whose fibers can all be used, found fiber {}: {}. Give another PSF, "
                                  "or none for an invented one.",
                                  psf.bad_fibers[0].ispec, psf.bad_fibers[0].why));
    if (last > psf.nspec)
      throw ConfigError("simulate", "nspec",
                        fmt::format("expected fibers below {}, which {} has, found {} to {}. Lower specmin or nspec.",
                                    psf.nspec, task.psf_in, config.specmin, last - 1));
  }
  if (config.npix_x > 0) psf.npix_x = config.npix_x;
  if (config.npix_y > 0) psf.npix_y = config.npix_y;
  check_on_ccd(config, task, psf);
  return psf;
}

Simulated simulate_exposure(const config::SimulateConfig& config, const Task& task, const io::PsfFile& psf,
                            int oversample) {
  const auto seed = static_cast<std::uint64_t>(config.seed);
  const Pointing pointing;
  const TargetMix mix{config.fraction_galaxy, config.fraction_qso, config.fraction_star, config.fraction_sky};
  Exposure exposure = draw_exposure(seed, task.expid, task.index, config.night, config.exptime);
  exposure.sky_brightness *= config.sky_level;
  exposure.target_scale = config.snr_scale;

  // Row i of FIBERMAP is fiber i of the PSF, also if the first fibers stay dark.
  std::vector<Target> targets = draw_targets(seed, task.camera.petal, 0, config.specmin + config.nspec, mix, pointing);
  const bool lamp = config.flavor != config::Flavor::science;
  if (lamp) {
    targets = lamp_targets(std::move(targets), task.camera.petal);
    exposure.gradient_x = exposure.gradient_y = 0;
  }
  Simulated out;
  const io::Table fibermap = make_fibermap(task.camera.petal, 0, exposure, pointing, targets);
  targets.erase(targets.begin(), targets.begin() + config.specmin);

  const LightBins bins = bins_of_light(task, psf, oversample);
  const LightPath path =
      lamp ? make_lamp_path(config.flavor, task.camera, exposure, bins) : make_light_path(task.camera, exposure, bins);
  const Array2<double> light = collect_light(path, task.camera, exposure, seed, config.specmin, targets, bins);
  const std::size_t nspec = targets.size(), nwave = static_cast<std::size_t>(bins.nwave);
  out.truth.wave = kernels::wave_grid(task.range.wavemin, task.range.wavemax, task.range.dwave);
  out.truth.flux = Array2<double>({nspec, nwave});
  Array2<double> electrons({nspec, bins.size()});  // a bin
  for (std::size_t ispec = 0; ispec < nspec; ++ispec) {
    std::ranges::copy(on_extraction_grid(bins, light.row(ispec)), out.truth.flux.row(ispec).begin());
    for (std::size_t i = 0; i < bins.size(); ++i) electrons(ispec, i) = light(ispec, i) * bins.width;
  }
  out.truth.table = make_truth_table(task.camera, config.specmin, targets);

  Array2<double> image({static_cast<std::size_t>(psf.npix_y), static_cast<std::size_t>(psf.npix_x)});
  Psf core = psf;
  core.tail.clear();  // the extraction ignores them, too, unless told otherwise
  kernels::project_spectra(core, bins.wave, config.specmin, electrons, image);
  const DetectorSettings detector{config.noise,   config.readnoise,    config.noise ? config.gain : 0.0,
                                  config.cosmics, config.dead_columns, config.hot_pixels};
  out.frame = expose(image, detector, {seed, task.camera, task.expid}, &out.detector);
  out.frame.header = make_frame_header(config, task, exposure, pointing, psf.npix_x, psf.npix_y);
  out.frame.fibermap = fibermap;
  return out;
}

}  // namespace zspex::simulate
