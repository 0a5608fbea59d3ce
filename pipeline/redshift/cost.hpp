/// \file
/// Operations and bytes of the pieces of a redshift fit, and how long a strategy takes by them.
#pragma once

#include <cstddef>
#include <vector>

#include "config/machine_config.hpp"
#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/redshift/footprint.hpp"
#include "pipeline/redshift/strategy.hpp"

namespace zspex::pipeline {

/// Operations of R x basis vectors for one target at one redshift: 2 ndiag n + n for each pixel, n basis vectors.
double convolve_operations(const kernels::RedshiftFitter& fitter, int itemplate);
/// Of the products and their sums, (n + 1) (n + 2) for each pixel, and 2/3 n^3 to solve.
double solve_operations(const kernels::RedshiftFitter& fitter, int itemplate);
double fit_operations(const kernels::RedshiftFitter& fitter, int itemplate);
/// Values of one rebinned redshift of a template.
double rebin_values(const kernels::RedshiftFitter& fitter, int itemplate);

/// Seconds of a run by its parts, on the rank that takes longest.
struct Prediction {
  double rebin = 0, scan = 0, transfer = 0, refine = 0;
  double redeal = 0;                       ///< where targets are dealt anew before the refinement
  double start = 0, read = 0, serial = 0;  ///< of ranks; of spectra; gathering, ranking and writing on the first rank
  double cpu_waits = 0, gpu_waits = 0;     ///< part of the time in which ranks of this kind wait for the other
  double total() const { return rebin + scan + transfer + redeal + refine; }
  double whole() const { return total() + start + read + serial; }
};

/// How long a strategy takes, by the rates of a machine. What overlaps counts once: slices that travel while others are
/// fitted cost only what they take longer. docs/performance_model.md has the formulas.
/// \param print  of the strategy
Prediction predict(const Strategy& strategy, const Deployment& where, const kernels::RedshiftFitter& fitter,
                   const config::RedshiftConfig& config, const config::MachineConfig& machine, const Footprint& print,
                   std::size_t ntarget, std::size_t nround);

}  // namespace zspex::pipeline
