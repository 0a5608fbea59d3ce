/// \file
/// Everything that `zspex redshift` can be told, with defaults. Option, YAML key and field have one name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/part.hpp"
#include "config/strategy_config.hpp"
#include "core/compress.hpp"

namespace zspex::config {

/// zmin, zmax, dz of a scan: steps in log10(1 + z) for GALAXY and QSO, in z for STAR.
struct ZscanRange {
  double zmin = 0, zmax = 0, dz = 0;
};

/// The line spread of spectra whose file has none: a Gaussian of FWHM = wavelength / r_fwhm; 0 = none at all.
struct LineSpread {
  double r_fwhm = 0;
};

enum class Precision { mixed, full };           ///< the coarse scan in float with sums in double, or all in double
enum class Refinement { reference, adaptive };  ///< Redrock's, or with the scan made finer around its minima
/// Where AUTO's rates come from: known ones, where there are any and measuring would pay; or a measurement in any case.
enum class Calibrate { automatic, always };
/// Kernels of a device: its own; or a GPU's also where the device is the host, to test them.
enum class DeviceKernels { native, teams };

/// Section `redshift`.
struct RedshiftConfig {
  std::vector<std::string> input;       ///< -i: coadd, spectra, cframe or spec-PLATE-MJD-FIBER files
  std::vector<std::string> templates;   ///< -t: files, one list (.txt) or one folder; default $RR_TEMPLATE_DIR
  std::string output;                   ///< -o: .fits, .fits.gz (Redrock's layout) or .h5
  std::string details;                  ///< -d: Redrock's details, HDF5
  std::string model;                    ///< --model: the best models, FITS
  std::string list;                     ///< -l: runs, each with its input and outputs (config/work_list.hpp), not input
  int group = 0;                        ///< ranks that work on one run of several; 0 = by the runs and the machine
  std::string report;                   ///< what became of the runs, CSV
  Part part;                            ///< of the runs
  std::vector<std::int64_t> targetids;  ///< only these, in this order; empty = all
  int mintarget = 0;                    ///< first target of each file
  int ntargets = 0;                     ///< -n: targets of each file; 0 = all from mintarget on
  int nminima = 0;                      ///< minima per template, rows per spectral type; 0 = 3, with archetypes 9
  int zminfit_npoints = 15;
  std::optional<ZscanRange> zscan_galaxy, zscan_qso, zscan_star;  ///< for templates without a grid of their own
  std::string priors;
  std::string chi2_scan;                ///< a details file whose scan is used instead of scanning
  std::vector<std::string> archetypes;  ///< files or one folder; empty = none
  int archetype_nnearest = 0;           ///< archetypes that are fitted together; 0 = the best one only
  int archetype_legendre_degree = 2;    ///< number of Legendre polynomials
  bool archetype_legendre_percamera = true;
  double archetype_legendre_prior = 0.1;  ///< sigma of the coefficients of each camera; 0 = none
  bool allspec = false;                   ///< fit each exposure's spectrum instead of their coadd
  std::optional<LineSpread> resolution;   ///< of bands without RESOLUTION; absent = they are refused
  double cosmics_nsig = 0, negflux_nsig = 5;
  double max_pixel_snr = 1e6;  ///< a pixel with |flux| sqrt(ivar) above it is masked; 0 = no bound
  bool skymask = true;
  Precision precision = Precision::mixed;
  Refinement refine = Refinement::reference;
  StrategyName strategy = StrategyName::cpu;
  Era era = Era::today;
  // Of strategy CUSTOM: what it is like, and what differs from that.
  StrategyName custom_like = StrategyName::cpu;
  std::optional<Holding> custom_templates;
  std::optional<Dealing> custom_dealing;
  std::optional<GpuUsers> custom_gpus;
  std::optional<Place> custom_rebin, custom_convolve, custom_fit, custom_refine;
  std::optional<bool> custom_redeal;
  int gpu_ranks = 0;         ///< of each node; 0 = one per GPU; without a GPU in the program one per node
  int max_gpu_ranks = 0;     ///< of each node, where gpu_ranks is 0; 0 = no limit
  double gpu_capacity = 0;   ///< targets of a GPU rank, times those of a CPU rank; 0 = by measured rates, else 15
  int slice = 32;            ///< redshifts that are fitted in one go, at most
  double memory = 1.0;       ///< GiB of each rank for spectra, scans and rebinned templates
  double device_memory = 0;  ///< GiB of each GPU; 0 = nine tenths of it
  std::string machine;       ///< a file with a machine for plans
  // For --dry-run: plans for each of these, instead of one run.
  std::vector<std::int64_t> plan_ranks, plan_nodes;  ///< ranks of a node
  std::vector<std::int64_t> plan_targets;
  std::vector<std::int64_t> plan_frames;  ///< of 500 fibers, to be extracted
  std::string plan_table;                 ///< the plans as CSV
  Calibrate calibrate = Calibrate::automatic;
  DeviceKernels device_kernels = DeviceKernels::native;
  std::vector<double> slowdown;        ///< for tests: rank i takes its time slowdown[i] times
  bool checksums = true;               ///< compare those of the inputs with their bytes
  Compress compress = Compress::fast;  ///< of HDF5 and names in .gz
  bool overwrite = true;

  bool plans_many() const {
    return !(plan_ranks.empty() && plan_nodes.empty() && plan_targets.empty() && plan_frames.empty());
  }
  /// gpu_capacity, or what is taken for it where no rates are known.
  double capacity() const { return gpu_capacity > 0 ? gpu_capacity : 15; }
  /// nminima, or its default.
  int minima() const { return nminima > 0 ? nminima : archetypes.empty() ? 3 : 9; }
};

}  // namespace zspex::config
