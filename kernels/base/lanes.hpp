/// \file
/// Short vectors of doubles that stay in registers: eight lanes on a host core, one on a GPU thread. Kernels whose
/// outputs are independent are written once over Chunk<Exec, N>; there is no sum over lanes except lane_sum(), which
/// has a fixed order.
#pragma once

#include <cstring>

#include "kernels/base/fused.hpp"

namespace zspex::kernels {

#if defined(__AVX512F__)
using HostLanes = double __attribute__((vector_size(64)));
inline constexpr int host_lanes = 8;
#elif defined(__GNUC__) || defined(__clang__)
using HostLanes = double __attribute__((vector_size(32)));
inline constexpr int host_lanes = 4;
#else
using HostLanes = double;
inline constexpr int host_lanes = 1;
#endif

template <class Exec>
using Lanes = std::conditional_t<on_host<Exec>, HostLanes, double>;

template <class Exec>
inline constexpr int nlane = on_host<Exec> ? host_lanes : 1;

template <class L>
KOKKOS_FORCEINLINE_FUNCTION L load_lanes(const double* from) {
  if constexpr (std::is_same_v<L, double>) {
    return *from;
  } else {
    L lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
  }
}

template <class L>
KOKKOS_FORCEINLINE_FUNCTION void store_lanes(double* to, const L& lanes) {
  if constexpr (std::is_same_v<L, double>)
    *to = lanes;
  else
    std::memcpy(to, &lanes, sizeof lanes);
}

/// All lanes equal to `value`.
template <class L>
KOKKOS_FORCEINLINE_FUNCTION L fill_lanes(double value) {
  if constexpr (std::is_same_v<L, double>)
    return value;
  else
    return in_all_lanes<L>(value);
}

/// Sum of the lanes, pairwise from the far halves: always in this order.
template <class L>
KOKKOS_FORCEINLINE_FUNCTION double lane_sum(const L& lanes) {
  if constexpr (std::is_same_v<L, double>) {
    return lanes;
  } else {
    if constexpr (host_lanes == 4)
      return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
    else
      return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  }
}

/// `value` in the lanes where `weight` is positive, else 0.
template <class L>
KOKKOS_FORCEINLINE_FUNCTION L where_positive(const L& weight, const L& value) {
  if constexpr (std::is_same_v<L, double>) {
    return weight > 0 ? value : 0.0;
  } else {
    return weight > 0 ? value : L{};
  }
}

/// `NVec` registers of lanes: a strip of NVec * nlane<Exec> neighbouring columns.
template <class Exec, int NVec>
struct Chunk {
  using L = Lanes<Exec>;
  static constexpr int width = NVec * nlane<Exec>;
  L v[NVec];

  KOKKOS_FORCEINLINE_FUNCTION static Chunk zero() {
    Chunk chunk;
    for (int i = 0; i < NVec; ++i) chunk.v[i] = fill_lanes<L>(0.0);
    return chunk;
  }
  KOKKOS_FORCEINLINE_FUNCTION static Chunk load(const double* from) {
    Chunk chunk;
    for (int i = 0; i < NVec; ++i) chunk.v[i] = load_lanes<L>(from + i * nlane<Exec>);
    return chunk;
  }
  KOKKOS_FORCEINLINE_FUNCTION void store(double* to) const {
    for (int i = 0; i < NVec; ++i) store_lanes<L>(to + i * nlane<Exec>, v[i]);
  }
  /// this += a * b, lane by lane
  KOKKOS_FORCEINLINE_FUNCTION void add(const Chunk& a, const Chunk& b) {
    for (int i = 0; i < NVec; ++i) v[i] = fused(a.v[i], b.v[i], v[i]);
  }
  /// Sum of all columns, in a fixed order.
  KOKKOS_FORCEINLINE_FUNCTION double total() const {
    L sum = v[0];
    for (int i = 1; i < NVec; ++i) sum += v[i];
    return lane_sum(sum);
  }
  /// this += factor * other
  KOKKOS_FORCEINLINE_FUNCTION void add(double factor, const Chunk& other) {
    for (int i = 0; i < NVec; ++i) v[i] = fused(factor, other.v[i], v[i]);
  }
};

/// Columns that a row of n needs so that strips of `width` tile it.
KOKKOS_INLINE_FUNCTION constexpr int round_up(int n, int width) { return (n + width - 1) / width * width; }

/// Rows of small matrices are padded to this many doubles on the host, so that every strip width in use fits.
template <class Exec>
inline constexpr int row_quantum = on_host<Exec> ? 16 : 1;

}  // namespace zspex::kernels
