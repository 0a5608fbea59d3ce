/// \file
/// How the work of a redshift fit is spread over ranks, cores and GPUs, as configurations name it. docs/strategies.md tells
/// what the strategies are for.
#pragma once

#include <array>
#include <utility>

namespace zspex::config {

/// A row of the table in pipeline/redshift/strategy.cpp; or the fastest of them; or columns of one's own.
enum class StrategyName { cpu, gpu_v1, gpu_v2, gpu_v3, gpu_v4, gpu_v5, gpu_v6, automatic, custom };
/// As they are written.
inline constexpr std::array<std::pair<StrategyName, const char*>, 9> strategy_names = {
    {{StrategyName::cpu, "CPU"},
     {StrategyName::gpu_v1, "GPU_V1"},
     {StrategyName::gpu_v2, "GPU_V2"},
     {StrategyName::gpu_v3, "GPU_V3"},
     {StrategyName::gpu_v4, "GPU_V4"},
     {StrategyName::gpu_v5, "GPU_V5"},
     {StrategyName::gpu_v6, "GPU_V6"},
     {StrategyName::automatic, "AUTO"},
     {StrategyName::custom, "CUSTOM"}}};

/// Which form of the strategies: as they are built today, or as they were published in 2021.
enum class Era { today, published };

/// Who holds which rebinned templates.
enum class Holding {
  ring,      ///< each rank a slice of the redshifts, which travels round all ranks
  full,      ///< each rank all redshifts, which it rebins itself
  gathered,  ///< each rank all redshifts, of which each has rebinned a part
  node,      ///< the ranks of a node share the rebinning of all redshifts, and one copy on the host
  tiles,     ///< a few slices at a time, rebinned where they are used, one copy per node for CPU ranks
};
inline constexpr std::array<std::pair<Holding, const char*>, 5> holding_names = {{{Holding::ring, "ring"},
                                                                                  {Holding::full, "full"},
                                                                                  {Holding::gathered, "gathered"},
                                                                                  {Holding::node, "node"},
                                                                                  {Holding::tiles, "tiles"}}};

/// How many targets each rank fits, and when that is decided.
enum class Dealing {
  even,      ///< as many as any other
  capacity,  ///< by what it can do
  dynamic,   ///< whoever is free takes what is next
};
inline constexpr std::array<std::pair<Dealing, const char*>, 3> dealing_names = {
    {{Dealing::even, "even"}, {Dealing::capacity, "capacity"}, {Dealing::dynamic, "dynamic"}}};

/// Which ranks use a GPU.
enum class GpuUsers {
  all,  ///< all, several of them the same one
  one,  ///< one for each GPU; the others stay on the CPU
};

/// Where a rank that uses a GPU does a piece of its work; the others do all on the host.
enum class Place { host, gpu };

}  // namespace zspex::config
