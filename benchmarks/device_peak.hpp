/// \file
/// What a GPU could do at most, to compare with what it does.
#pragma once

#include <optional>

namespace zspex::benchmarks {

/// Per second, at the highest clocks; a multiply-add counts as two, tensor cores don't count.
struct DevicePeak {
  double float_flops = 0, double_flops = 0, bytes = 0;
};

/// Of the GPU that Kokkos uses; nothing where that is the host, or a GPU whose units aren't known.
std::optional<DevicePeak> device_peak();

}  // namespace zspex::benchmarks
