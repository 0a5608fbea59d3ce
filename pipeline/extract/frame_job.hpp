/// \file
/// What every rank must know to work on a frame: the PSF, the settings, the size of the image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/extract_config.hpp"
#include "io/psf.hpp"
#include "kernels/extract/extract.hpp"

namespace zspex::pipeline {

/// Made by the reader, shared with all ranks of its group.
struct FrameJob {
  std::string name;  ///< camera and exposure, for example "r0-00051060"
  Psf psf;
  kernels::ExtractSettings settings;
  config::WaveRange range;   ///< what was asked for, or chosen
  std::vector<double> wave;  ///< [nwave] Angstrom, as in the file: heliocor times those of the settings
  double heliocor = 1;       ///< factor of the barycentric correction
  std::string choices;       ///< which wavelengths and error of the PSF were taken, and why
  int nx = 0, ny = 0;        ///< pixels
  std::uint32_t unusable = 0;
};

/// The PSF as the kernels take it; with its tails only if the configuration wants them.
Psf usable_psf(const io::PsfFile& file, bool tails);

/// The settings for this PSF, with what depends on it and the camera filled in: wavelengths, number of fibers, error of
/// the PSF.
/// \param camera    of the image; the PSF's if that doesn't say
/// \param heliocor  factor of the barycentric correction: the CCD is asked for the wavelengths divided by it
/// \throws ConfigError when the fibers are not in the PSF or are not whole bundles
kernels::ExtractSettings extract_settings(const config::ExtractConfig& config, const io::PsfFile& psf,
                                          const std::string& camera, double heliocor = 1);

/// The blocks that a group of ranks is given. Fine blocks keep many ranks busy, coarse ones have less padding, and a GPU
/// needs all patches of a bundle to be filled. The spectra don't depend on the cut; the sum of the blocks' model images does
/// in its last bits, so with a model the cut is always the same.
/// \param with_gpu  whether a rank of the group uses a GPU
std::vector<kernels::FiberBlock> blocks_of_group(const kernels::ExtractSettings& settings, int nrank, bool with_gpu);
bool blocks_are_fine(const kernels::ExtractSettings& settings, int nrank, bool with_gpu);

}  // namespace zspex::pipeline

// What travels (comm/bytes.hpp); in the namespaces of the types.
namespace zspex {

template <class Archive>
void fields(Archive& archive, Legendre& series) {
  archive(series.wavemin, series.wavemax, series.coeff);
}
template <class Archive>
void fields(Archive& archive, SecondCore& core) {
  archive(core.ghdegx, core.ghdegy, core.sigmax, core.sigmay, core.nsig, core.gh);
}
template <class Archive>
void fields(Archive& archive, TraceFault& fault) {
  archive(fault.ispec, fault.wavemin, fault.wavemax, fault.dark, fault.why);
}
template <class Archive>
void fields(Archive& archive, Psf& psf) {
  archive(psf.nspec, psf.npix_x, psf.npix_y, psf.hsizex, psf.hsizey, psf.ghdegx, psf.ghdegy);
  archive(psf.x, psf.y, psf.sigmax, psf.sigmay, psf.gh, psf.tail, psf.second, psf.faults);
}

}  // namespace zspex

namespace zspex::kernels {

template <class Archive>
void fields(Archive& archive, ExtractSettings& settings) {
  archive(settings.wave, settings.dwave, settings.specmin, settings.nspec, settings.solver, settings.decorrelation);
  archive(settings.bundlesize, settings.nsubbundles, settings.nwavestep, settings.wavepad, settings.pixpad_frac);
  archive(settings.regularize, settings.psferr, settings.model, settings.batch);
}

}  // namespace zspex::kernels

namespace zspex::pipeline {

template <class Archive>
void fields(Archive& archive, FrameJob& job) {
  archive(job.name, job.psf, job.settings, job.range.wavemin, job.range.wavemax, job.range.dwave, job.wave,
          job.heliocor, job.choices, job.nx, job.ny, job.unusable);
}

}  // namespace zspex::pipeline
