/// \file
/// Everything that `zspex extract` can be told, with defaults. Option, YAML key and field have one name.
#pragma once

#include <string>
#include <vector>

#include "config/by_camera.hpp"
#include "config/part.hpp"
#include "config/wave_range.hpp"
#include "core/compress.hpp"

namespace zspex::config {

/// Where on Earth the telescope stands. The default is Kitt Peak's 4 m telescope, as desispec has it.
struct Site {
  double latitude = 31.96403, longitude = -111.59989;  ///< geodetic (WGS 84), degrees; north and east are positive
  double height = 2097;                                ///< m above the ellipsoid
};

enum class Solver { patch, bundle };         ///< the reference's patches, or one banded solve along the bundle
enum class Decorrelation { signal, noise };  ///< Bolton & Schlegel 2010, eq. 17-19 or eq. 10-13
enum class MaskPolicy { desi, any };         ///< a pixel is masked by MASK & 767 (desispec), or by any bit (spex)
enum class ModelOf { reconvolved, flux };    ///< the image of A (R f), as gpu_specter makes it, or of A f
enum class Device { automatic, cpu, gpu };  ///< one rank per GPU and the others on the CPU; all on the CPU; all on GPUs

/// Section `extract`.
struct ExtractConfig {
  std::vector<std::string> input;   ///< -i: preproc files
  std::vector<std::string> psf;     ///< -p: one PSF for all, or one a preproc file
  std::vector<std::string> output;  ///< -o: one a preproc file (.fits, .fits.gz or .h5), or one folder (ends in "/")
  std::vector<std::string> model;   ///< -m: model images; none, one a preproc file, or one folder
  std::string list;                 ///< -l: frames, each with its PSF and output (config/work_list.hpp), not input
  int group = 0;                    ///< ranks that work on one frame; 0 = by the frames and the machine
  std::string report;               ///< what became of the frames, CSV
  Part part;                        ///< of the frames
  ModelOf model_of = ModelOf::reconvolved;
  std::string fibermap;                 ///< -f: a file whose FIBERMAP overrides the input's
  ByCamera<WaveRange> wavelength;       ///< -w: by rule DESI's, or the PSF's range in steps of 0.8 Angstrom
  bool barycentric_correction = false;  ///< wavelengths as seen from the solar system's barycenter
  Site site;                            ///< of the telescope, for the barycentric correction
  int specmin = 0;                      ///< -s: first fiber, a multiple of bundlesize
  int nspec = 0;                        ///< -n: fibers, a multiple of bundlesize; 0 = all from specmin on
  Solver solver = Solver::patch;
  Decorrelation decorrelation = Decorrelation::signal;
  int bundlesize = 25, nsubbundles = 5, nwavestep = 50;
  int wavepad = 10;  ///< bins; extended by wavepad_frac: 10 + trunc(10 * 0.2) = 12
  double wavepad_frac = 0.2, pixpad_frac = 0.8;
  double regularize = 0;
  ByCamera<double> psferr;  ///< by rule DESI's, or the PSF file's, or 0.01
  bool tails = false;       ///< add the PSF's Lorentzian tails (specter does, gpu_specter does not)
  MaskPolicy mask = MaskPolicy::desi;
  double min_pixel_noise = 0.2;  ///< of the read noise: a pixel less noisy counts as masked; 0 = no bound
  double max_pixel_snr = 1e4;    ///< a pixel with |image| sqrt(ivar) above it counts as masked; 0 = no bound
  bool scores = true;
  bool checksums = true;  ///< compare those of the inputs with their bytes
  Device device = Device::automatic;
  int gpu_ranks = 0;                   ///< of each node; 0 = one per GPU
  double gpu_capacity = 15;            ///< how fast a GPU rank is, times a CPU rank, until that has been seen
  int batch = 0;                       ///< patches per launch; 0 = by device
  bool force = false;                  ///< take a PSF of another camera, a range mostly off the CCD
  Compress compress = Compress::fast;  ///< of HDF5 and names in .gz
  bool overwrite = true;
};

}  // namespace zspex::config
