/// \file
/// Simulated spectra that are small enough for tests: three bands of different sizes, a few targets.
#pragma once

#include "config/simulate_config.hpp"
#include "simulate/draw_targets.hpp"
#include "simulate/spectra.hpp"

namespace zspex::simulate {

inline config::SimulateConfig small_spectra_config(config::SimulateKind kind) {
  config::SimulateConfig config;
  config.kind = kind;
  config.output = "out";
  config.ntargets = 7;
  config.nexp = 2;
  config.cosmics = 0;
  config.wave_b = {4400, 4480, 0.8};
  config.wave_r = {6000, 6070.4, 0.8};
  config.wave_z = {8000, 8048, 0.8};
  return config;
}

/// The first file.
inline SimulatedSpectra simulate(const config::SimulateConfig& config) {
  return simulate_spectra(config, plan_spectra(config).front());
}

/// The targets that it is made of.
inline std::vector<Target> targets_of(const config::SimulateConfig& config, int petal = 0) {
  const TargetMix mix{config.fraction_galaxy, config.fraction_qso, config.fraction_star, config.fraction_sky};
  auto targets = draw_targets(static_cast<std::uint64_t>(config.seed), petal, 0, 25, mix, Pointing{});
  targets.resize(static_cast<std::size_t>(config.ntargets));
  return targets;
}

}  // namespace zspex::simulate
