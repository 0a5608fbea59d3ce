#include "pipeline/redshift/strategy.hpp"

#include <algorithm>

namespace zspex::pipeline {

std::span<const Strategy> all_strategies() {
  using N = config::StrategyName;
  using H = Holding;
  using D = Dealing;
  constexpr auto host = kernels::BackendKind::host, device = kernels::BackendKind::device;
  // name, templates, dealing, all on GPUs, then where: rebin, convolve, fit, refine
  static constexpr Strategy table[] = {
      {N::cpu, H::ring, D::even, false, host, host, host, host},
      {N::gpu_v1, H::ring, D::even, true, host, host, device, host},
      {N::gpu_v2, H::ring, D::even, true, host, device, device, device},
      {N::gpu_v3, H::full, D::even, true, device, device, device, device},
      {N::gpu_v4, H::full, D::capacity, false, device, device, device, device},
      {N::gpu_v5, H::node, D::capacity, false, host, device, device, device},
      {N::gpu_v6, H::tiles, D::dynamic, false, device, device, device, device},
  };
  return table;
}

const char* Strategy::text() const {
  const auto& names = config::strategy_names;
  return std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.first == name; })->second;
}

const Strategy& strategy_of(config::StrategyName name) {
  const auto table = all_strategies();
  return *std::find_if(table.begin(), table.end(), [&](const Strategy& one) { return one.name == name; });
}

}  // namespace zspex::pipeline
