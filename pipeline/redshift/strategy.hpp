/// \file
/// Strategies as data: where the pieces of a redshift scan run, who holds which rebinned templates, and how targets are
/// dealt. docs/strategies.md tells what each strategy is for.
#pragma once

#include <span>
#include <string>

#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"

namespace zspex::pipeline {

/// Who holds which rebinned templates.
enum class Holding {
  ring,   ///< each rank a slice of the redshifts, which travels round all ranks
  full,   ///< each rank all redshifts
  node,   ///< the ranks of a node share the rebinning of all redshifts, and one copy on the host
  tiles,  ///< a few slices at a time, rebinned where they are used, one copy per node for CPU ranks
};

/// How many targets each rank fits, and when that is decided.
enum class Dealing {
  even,      ///< as many as any other
  capacity,  ///< by what it can do
  dynamic,   ///< whoever is free takes what is next
};

struct Strategy {
  config::StrategyName name;
  Holding templates;
  Dealing dealing;
  bool all_on_gpus;  ///< all ranks use a GPU, several the same one; else one per GPU, and the others stay on the CPU
  // Of a rank that uses a GPU; the others do all on the host.
  kernels::BackendKind rebin, convolve, fit, refine;

  /// As configurations and results name it.
  const char* text() const;
  bool uses_gpus() const { return fit == kernels::BackendKind::device; }
};

/// All but AUTO, in the order of their names.
std::span<const Strategy> all_strategies();
/// \param name  not AUTO
const Strategy& strategy_of(config::StrategyName name);

}  // namespace zspex::pipeline
