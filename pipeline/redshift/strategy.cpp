#include "pipeline/redshift/strategy.hpp"

#include <algorithm>

namespace zspex::pipeline {

std::span<const Strategy> all_strategies() {
  using N = config::StrategyName;
  using H = Holding;
  using D = Dealing;
  constexpr auto host = kernels::Place::host, device = kernels::Place::device;
  // name, text, templates, dealing, all on GPUs, then where: rebin, convolve, fit, refine
  static constexpr Strategy table[] = {
      {N::cpu, "CPU", H::ring, D::even, false, host, host, host, host},
      {N::gpu_v1, "GPU_V1", H::ring, D::even, true, host, host, device, host},
      {N::gpu_v2, "GPU_V2", H::ring, D::even, true, host, device, device, device},
      {N::gpu_v3, "GPU_V3", H::full, D::even, true, device, device, device, device},
      {N::gpu_v4, "GPU_V4", H::full, D::capacity, false, device, device, device, device},
      {N::gpu_v5, "GPU_V5", H::node, D::capacity, false, host, device, device, device},
      {N::gpu_v6, "GPU_V6", H::tiles, D::turns, false, device, device, device, device},
  };
  return table;
}

const Strategy& strategy_of(config::StrategyName name) {
  const auto table = all_strategies();
  return *std::find_if(table.begin(), table.end(), [&](const Strategy& one) { return one.name == name; });
}

}  // namespace zspex::pipeline
