/// \file
/// The pieces of a redshift fit, a matrix product, and batches from small to full, on a core and on a GPU; and a GPU that
/// several ranks share.
#pragma once

#include <vector>

#include "config/machine_config.hpp"
#include "kernels/yardsticks.hpp"
#include "pipeline/measure/ranks.hpp"
#include "pipeline/measure/table.hpp"
#include "pipeline/redshift/backend_rates.hpp"

namespace zspex::pipeline::measure {

/// A launch of n fits takes launch + (n + half) / rate.
struct BatchModel {
  double launch = 0;  ///< seconds
  double rate = 0;    ///< fits in a second
  double half = 0;    ///< fits with which the rate is half reached

  double seconds(double n) const { return launch + (n + half) / rate; }
};

/// What launches of some sizes took.
struct Batches {
  std::vector<double> fits, seconds;
};

/// The line through the points that is nearest in relative terms; launch is known, since points don't tell it from half.
/// Of less than two points: half = 0.
BatchModel fit_batches(const Batches& batches, double launch);

/// Fits from which a GPU is faster than a core; infinite if it never is.
double break_even(const BatchModel& gpu, const BatchModel& core);

struct FitsMeasured {
  bool has_gpu = false;
  int host_targets = 0, gpu_targets = 0;     ///< that rates were measured with
  int slice = 0;                             ///< redshifts of a launch
  BackendRates host, gpu;                    ///< of a core with all others at work, of a GPU alone; medians over ranks
  double host_product = 0, gpu_product = 0;  ///< 1e9 operations/s of a matrix product
  int matrix = 0;
  Batches host_batches, gpu_batches;
  BatchModel host_model, gpu_model;
  double upload = 0;          ///< 1e9 bytes/s of slices to a GPU
  kernels::CopySeconds copy;  ///< of `copied` bytes of pinned memory
  double copied = 0;

  struct Shared {
    int ranks;
    double speed;  ///< of a GPU, times that with one
  };
  std::vector<Shared> shared;
  bool mps = false;  ///< NVIDIA's multi-process service runs
};

/// The same on all ranks. Collective. \throws AgreedError when memory doesn't suffice
FitsMeasured measure_fits(const Ranks& ranks, const Sizes& sizes, double node_memory, double seconds);

Section describe(const FitsMeasured& measured);
void fill(const FitsMeasured& measured, config::MachineConfig& machine);

}  // namespace zspex::pipeline::measure
