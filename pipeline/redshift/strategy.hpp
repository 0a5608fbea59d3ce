/// \file
/// Strategies as data: where the pieces of a redshift scan run, who holds which rebinned templates, and how targets are
/// dealt. docs/strategies.md tells what each strategy is for.
#pragma once

#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"

namespace zspex::pipeline {

using config::Dealing;
using config::Holding;

struct Strategy {
  config::StrategyName name;
  config::Era era;
  Holding templates;
  Dealing dealing;
  bool redeal;       ///< targets are dealt anew, evenly, before their minima are refined
  bool all_on_gpus;  ///< all ranks use a GPU, several the same one; else one per GPU, and the others stay on the CPU
  // Of a rank that uses a GPU; the others do all on the host.
  kernels::BackendKind rebin, convolve, fit, refine;

  /// As configurations and results name it.
  const char* text() const;
  /// The same, with its era where that isn't today's.
  std::string title() const;
  bool uses_gpus() const { return fit == kernels::BackendKind::device; }
};

/// All of an era but AUTO and CUSTOM, in the order of their names.
std::vector<Strategy> all_strategies(config::Era era = config::Era::today);
/// \param name  of the era, not AUTO nor CUSTOM
Strategy strategy_of(config::StrategyName name, config::Era era = config::Era::today);
/// That of a configuration, not AUTO. \throws ConfigError for columns of CUSTOM that don't go together
Strategy strategy_of(const config::RedshiftConfig& config);

}  // namespace zspex::pipeline
