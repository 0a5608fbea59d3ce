#include "simulate/spectra.hpp"
#include "simulate/draw_targets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "kernels/extract/extract.hpp"
#include "simulate/fingerprint.hpp"
#include "simulate/instrument.hpp"
#include "simulate/random.hpp"
#include "simulate/resolution.hpp"
#include "simulate/scores.hpp"
#include "simulate/shapes.hpp"

namespace zspex::simulate {
namespace {

// Bits of desispec's specmask.
constexpr std::uint32_t all_bad_pixels = 1 << 1, cosmic = 1 << 2;

/// What all spectra of a file have in common.
struct Plan {
  const config::SimulateConfig& config;
  std::uint64_t seed = 0;
  std::vector<Exposure> exposures;
  std::vector<Target> targets;
  std::vector<Defect> defects;
};

/// One band's grid, and the light on it.
struct Band {
  Camera camera;
  double dwave = 0;
  std::vector<double> wave;  // [nwave]
  LightBins bins;            // with half more on each side
  int half = 5;              // diagonals of R beside the main one; 5 as in DESI's files, more for narrower bins
  io::PsfFile psf;
  std::vector<LightPath> paths;  // [nexp]
};

Band make_band(const Plan& plan, Camera camera, const config::WaveRange& range) {
  Band band;
  band.camera = camera;
  band.dwave = range.dwave;
  band.wave = kernels::wave_grid(range.wavemin, range.wavemax, range.dwave);
  const auto ntarget = static_cast<int>(plan.targets.size());
  band.psf = invent_psf(camera, (ntarget + bundle_size - 1) / bundle_size * bundle_size);
  const std::vector<double> sigma = spot_sizes(band.psf, 0, band.wave, band.dwave).sigma;
  band.half = std::max(5, static_cast<int>(std::ceil(4.2 * *std::max_element(sigma.begin(), sigma.end()))));
  band.bins = make_light_bins(band.wave, band.dwave, band.half, band.half, 1);
  for (const Exposure& exposure : plan.exposures) band.paths.push_back(make_light_path(camera, exposure, band.bins));
  return band;
}

/// A calibrated spectrum.
struct Spectrum {
  std::vector<double> flux, ivar;   // [nwave] 1e-17 erg/s/cm2/Angstrom
  std::vector<std::uint32_t> mask;  // [nwave]
};

/// A hit lights up a few pixels of the CCD: some 30 sigma in one bin and some in its neighbors, all flagged.
void add_cosmics(Random& random, double hits_per_million, const SpotSizes& spots, Spectrum& spectrum) {
  for (std::size_t i = 0; i < spectrum.flux.size(); ++i) {
    if (random.uniform() > 1e-6 * hits_per_million * spots.npix[i]) continue;
    const double height = random.exponential(30);
    for (std::size_t j = i > 0 ? i - 1 : i; j < std::min(i + 2, spectrum.flux.size()); ++j) {
      if (spectrum.ivar[j] > 0) spectrum.flux[j] += (j == i ? 1 : 0.3) * height / std::sqrt(spectrum.ivar[j]);
      spectrum.mask[j] |= cosmic;
    }
  }
}

/// \param flux  [nwave] smoothed, without noise
Spectrum observe(const Plan& plan, const Band& band, std::size_t iexp, int itarget, const SpotSizes& spots,
                 const Resolution& resolution, const std::vector<double>& flux) {
  const config::SimulateConfig& config = plan.config;
  const Exposure& exposure = plan.exposures[iexp];
  const auto& target = plan.targets[static_cast<std::size_t>(itarget)];
  const FiberLight light =
      light_of_fiber(band.paths[iexp], band.camera, exposure, plan.seed, itarget, target, band.bins);
  const std::vector<double> sky = resolution.smooth(light.sky, band.half);
  const std::size_t nwave = flux.size();
  Spectrum spectrum{flux, std::vector<double>(nwave), std::vector<std::uint32_t>(nwave)};
  Random random(plan.seed, Purpose::spectrum, band.camera.code(), static_cast<std::uint32_t>(exposure.expid),
                static_cast<std::uint32_t>(itarget));
  for (std::size_t i = 0; i < nwave; ++i) {
    const double response = light.response[i + static_cast<std::size_t>(band.half)];
    const double deviate = random.normal();
    if (response <= 0) {
      spectrum.flux[i] = 0;
      spectrum.mask[i] = all_bad_pixels;
      continue;
    }
    const double electrons = band.dwave * (sky[i] + response * std::max(flux[i], 0.0));
    const double variance = electrons + config.readnoise * config.readnoise * spots.npix[i];
    const double sigma = std::sqrt(variance) / (band.dwave * response);
    spectrum.ivar[i] = 1 / (sigma * sigma);
    if (config.noise) spectrum.flux[i] += sigma * deviate;
  }
  add_cosmics(random, config.cosmics, spots, spectrum);
  return spectrum;
}

/// The mean of a target's spectra, each bin with the weight of its ivar; masked bins have none, unless all are masked.
Spectrum coadd(const std::vector<Spectrum>& spectra) {
  Spectrum sum = spectra.front();
  for (std::size_t i = 0; i < sum.flux.size(); ++i) {
    double flux = 0, weight = 0;
    std::uint32_t mask = 0;
    const auto add = [&](bool masked) {
      for (const Spectrum& one : spectra)
        if (masked || one.mask[i] == 0) {
          flux += one.ivar[i] * one.flux[i];
          weight += one.ivar[i];
        }
    };
    add(false);
    if (weight == 0) {
      add(true);
      for (const Spectrum& one : spectra) mask |= one.mask[i];
    }
    sum.flux[i] = weight > 0 ? flux / weight : 0;
    sum.ivar[i] = weight;
    sum.mask[i] = mask;
  }
  return sum;
}

void spoil(Defect defect, char band, Spectrum& spectrum) {
  const bool lost = (defect == Defect::no_b && band == 'b') || (defect == Defect::no_r && band == 'r') ||
                    (defect == Defect::no_z && band == 'z');
  if (lost) std::fill(spectrum.flux.begin(), spectrum.flux.end(), 0.0);
  if (lost) std::fill(spectrum.ivar.begin(), spectrum.ivar.end(), 0.0);
  if (lost || defect == Defect::masked) std::fill(spectrum.mask.begin(), spectrum.mask.end(), all_bad_pixels);
}

io::BandSpectra simulate_band(const Plan& plan, const Band& band) {
  const std::size_t ntarget = plan.targets.size(), nexp = plan.exposures.size(), nwave = band.wave.size();
  const bool coadded = plan.config.kind == config::SimulateKind::coadds;
  const std::size_t nspec = coadded ? ntarget : ntarget * nexp;
  io::BandSpectra out;
  out.band = std::string(1, band.camera.band);
  out.wave = band.wave;
  out.flux = Array2<float>({nspec, nwave});
  out.ivar = Array2<float>({nspec, nwave});
  out.mask = Array2<std::uint32_t>({nspec, nwave});
  out.resolution = Array3<float>({nspec, static_cast<std::size_t>(2 * band.half + 1), nwave});
  for (std::size_t itarget = 0; itarget < ntarget; ++itarget) {
    const SpotSizes spots = spot_sizes(band.psf, static_cast<int>(itarget), band.wave, band.dwave);
    const Resolution resolution(spots, band.half);
    std::vector<double> flux = resolution.smooth(target_flux(plan.targets[itarget], plan.seed, band.bins), band.half);
    for (double& value : flux) value *= plan.config.snr_scale;
    std::vector<Spectrum> spectra;
    for (std::size_t iexp = 0; iexp < nexp; ++iexp)
      spectra.push_back(observe(plan, band, iexp, static_cast<int>(itarget), spots, resolution, flux));
    if (coadded) spectra = {coadd(spectra)};
    for (std::size_t i = 0; i < spectra.size(); ++i) {
      const std::size_t row = i * ntarget + itarget;
      spoil(plan.defects[itarget], band.camera.band, spectra[i]);
      std::ranges::copy(spectra[i].flux, out.flux.row(row).begin());
      std::ranges::copy(spectra[i].ivar, out.ivar.row(row).begin());
      std::ranges::copy(spectra[i].mask, out.mask.row(row).begin());
      resolution.store(out.resolution.row(row));
    }
  }
  return out;
}

io::Header make_header(const Plan& plan, int petal) {
  io::Header header;
  header.set("TILEID", Pointing{}.tileid);
  header.set("PETAL", petal);
  header.set("SPECTRO", petal);
  header.set("NIGHT", plan.config.night);
  header.set("PROGRAM", "SIMULATION");
  header.set("SIMSEED", plan.config.seed, "seed of the simulation");
  header.set(fingerprint_key, fingerprint(plan.config), "fingerprint of its settings");
  header.set("SIMNOISE", plan.config.noise, "noise was added");
  return header;
}

Plan make_plan(const config::SimulateConfig& config, const SpectraTask& task) {
  Plan plan{config, static_cast<std::uint64_t>(config.seed), {}, {}, choose_defects(task.ntargets, config.bad_fibers)};
  for (int index = 0; index < config.nexp; ++index) {
    plan.exposures.push_back(draw_exposure(plan.seed, config.expid + index, index, config.night, config.exptime));
    plan.exposures.back().sky_brightness *= config.sky_level;
  }
  const TargetMix mix{config.fraction_galaxy, config.fraction_qso, config.fraction_star, config.fraction_sky};
  const int nfiber = (task.ntargets + bundle_size - 1) / bundle_size * bundle_size;
  plan.targets = draw_targets(plan.seed, task.petal, 0, nfiber, mix, Pointing{});
  plan.targets.resize(static_cast<std::size_t>(task.ntargets));
  return plan;
}

}  // namespace

std::vector<SpectraTask> plan_spectra(const config::SimulateConfig& config) {
  std::vector<SpectraTask> tasks;
  const std::filesystem::path folder = config.output;
  const std::string kind = config.kind == config::SimulateKind::coadds ? "coadd-" : "spectra-",
                    suffix = config.compress == config::Compression::gz ? ".fits.gz" : ".fits";
  for (int first = 0; first < config.ntargets; first += petal_fibers) {
    const int petal = first / petal_fibers;
    const std::string number = std::to_string(petal);
    tasks.push_back({petal, std::min(petal_fibers, config.ntargets - first), folder / (kind + number + suffix),
                     folder / ("truth-" + number + ".fits")});
  }
  return tasks;
}

std::vector<Defect> choose_defects(int ntargets, int bad_fibers) {
  constexpr std::array cycle = {Defect::no_b, Defect::masked, Defect::no_r, Defect::no_z};
  std::vector<Defect> defects(static_cast<std::size_t>(ntargets), Defect::none);
  const int nbad = std::min(bad_fibers, ntargets);
  for (int i = 0; i < nbad; ++i) {
    const auto row = static_cast<std::size_t>((2LL * i + 1) * ntargets / (2 * nbad));
    defects[row] = cycle[static_cast<std::size_t>(i) % cycle.size()];
  }
  return defects;
}

SimulatedSpectra simulate_spectra(const config::SimulateConfig& config, const SpectraTask& task) {
  const Plan plan = make_plan(config, task);
  const bool coadded = config.kind == config::SimulateKind::coadds;
  SimulatedSpectra out;
  io::SpectraFile& file = out.file;
  file.path = task.spectra;
  file.kind = coadded ? io::SpectraKind::coadd : io::SpectraKind::spectra;
  file.header = make_header(plan, task.petal);
  for (const auto& [name, range] : {std::pair{'b', config.wave_b}, {'r', config.wave_r}, {'z', config.wave_z}})
    file.bands.push_back(simulate_band(plan, make_band(plan, {name, task.petal}, range)));
  if (coadded) {
    CoaddTables tables = coadd_fibermaps(task.petal, plan.exposures, plan.targets, plan.defects);
    file.fibermap = std::move(tables.fibermap);
    file.exp_fibermap = std::move(tables.exp_fibermap);
  } else {
    file.fibermap = exposures_fibermap(task.petal, plan.exposures, plan.targets, plan.defects);
  }
  file.targetid = file.fibermap.integers("TARGETID", file.path);
  file.scores = make_scores(file);
  out.truth = spectra_truth(task.petal, plan.targets, plan.defects);
  return out;
}

}  // namespace zspex::simulate
