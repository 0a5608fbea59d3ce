/// \file
/// Everything that `zspex simulate` can be told, with defaults. Option, YAML key and field have one name.
#pragma once

#include <string>
#include <vector>

#include "config/wave_range.hpp"

namespace zspex::config {

/// What is put round the simulated preproc files. `fz`: tiles, lossless.
enum class Compression { none, gz, fz };

/// CCD frames; calibrated spectra, of all exposures of a target together or of each; templates alone.
enum class SimulateKind { exposures, coadds, spectra, templates };

/// What lights the fibers of a CCD frame: the sky with its targets, or a lamp with a continuum, or with lines.
enum class Flavor { science, flat, arc };

/// Section `simulate`.
struct SimulateConfig {
  SimulateKind kind = SimulateKind::exposures;
  Flavor flavor = Flavor::science;
  std::string output;                                     ///< -o: folder for all files
  std::vector<std::string> cameras = {"b0", "r0", "z0"};  ///< band (b, r, z) and petal (0-9)
  std::vector<std::string> psf;                           ///< -p: one per camera; empty = an invented instrument
  int specmin = 0, nspec = 500;                           ///< fibers that get light; multiples of 25
  int ntargets = 100;                                     ///< of coadds and spectra; 500 per file
  int bad_fibers = 0;                                     ///< of each such file: without a camera, or all masked
  WaveRange wave_b{3600, 5800, 0.8};                      ///< bins, vacuum Angstrom
  WaveRange wave_r{5760, 7620, 0.8};
  WaveRange wave_z{7520, 9824, 0.8};
  int nexp = 1;           ///< exposures of the same targets
  double exptime = 1000;  ///< seconds
  int expid = 1;          ///< number of the first exposure
  int night = 20260101;   ///< YYYYMMDD
  int seed = 1;           ///< same seed, same bits
  double sky_level = 1;   ///< times a dark night's sky
  double snr_scale = 1;   ///< times the targets' usual signal
  /// Parts of the fibers, sum 1.
  double fraction_galaxy = 0.5, fraction_qso = 0.15, fraction_star = 0.25, fraction_sky = 0.1;
  double readnoise = 3;                    ///< electrons
  double gain = 1.6;                       ///< electrons per ADU
  double cosmics = 20;                     ///< hits per million pixels
  int dead_columns = 2, hot_pixels = 200;  ///< of each CCD
  bool noise = true;                       ///< photon and read noise; off: the expectation
  int npix_x = 0, npix_y = 0;              ///< size of the CCD; 0 = the PSF's
  Compression compress = Compression::none;
  bool overwrite = true;
};

}  // namespace zspex::config
