/// \file
/// Values side by side that stay in registers: a vector register of a host's core, one value of a GPU's thread. A
/// kernel is written once over Simd<Exec, Real>. Lanes are summed by simd_sum() alone, in a fixed order.
#pragma once

#include <cstddef>
#include <cstring>

#include "kernels/base/fused.hpp"
#include "kernels/base/launch.hpp"

namespace zspex::kernels {

#if defined(__AVX512F__)
inline constexpr int simd_bytes = 64;
inline constexpr bool many_registers = true;  ///< 32 of them, not 16
#else
inline constexpr int simd_bytes = 32;
inline constexpr bool many_registers = false;
#endif

/// Compilers without vectors have one lane; so have those that are told to, for tests (the preset scalar).
#if (defined(__GNUC__) || defined(__clang__)) && !defined(ZSPEX_SCALAR_LANES)
#define ZSPEX_HAS_VECTORS
#endif

#ifdef ZSPEX_HAS_VECTORS
namespace detail {
template <class Real, int bytes>
struct VectorOf;
template <>
struct VectorOf<float, 64> {
  using type = float __attribute__((vector_size(64)));
};
template <>
struct VectorOf<float, 32> {
  using type = float __attribute__((vector_size(32)));
};
template <>
struct VectorOf<float, 16> {
  using type = float __attribute__((vector_size(16)));
};
template <>
struct VectorOf<double, 64> {
  using type = double __attribute__((vector_size(64)));
};
template <>
struct VectorOf<double, 32> {
  using type = double __attribute__((vector_size(32)));
};
}  // namespace detail
/// A vector of the host's.
template <class Real, int bytes = simd_bytes>
using Vector = typename detail::VectorOf<Real, bytes>::type;
#else
template <class Real, int bytes = simd_bytes>
using Vector = Real;
#endif

template <class Exec, class Real = double>
using Simd = std::conditional_t<on_host<Exec>, Vector<Real>, Real>;

template <class Exec, class Real = double>
inline constexpr int simd_width = static_cast<int>(sizeof(Simd<Exec, Real>) / sizeof(Real));

/// Lanes of doubles on the host: rows of matrices are padded to it.
inline constexpr int host_simd_width = static_cast<int>(sizeof(Vector<double>) / sizeof(double));

#ifdef __NVCC__
#pragma nv_diag_suppress 1675  // nvcc passes GCC's pragmas on, and says that it doesn't know them
#endif
/// Loops over registers must be unrolled whole, or compilers keep arrays of them in memory.
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__) || defined(__clang__)
#define ZSPEX_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define ZSPEX_UNROLL _Pragma("GCC unroll 32")
#else
#define ZSPEX_UNROLL
#endif

/// From any address.
template <class S, class Real>
KOKKOS_FORCEINLINE_FUNCTION S simd_load(const Real* from) {
  if constexpr (std::is_same_v<S, Real>) {
    return *from;
  } else {
    S value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
}

template <class S, class Real>
KOKKOS_FORCEINLINE_FUNCTION void simd_store(Real* to, const S& value) {
  if constexpr (std::is_same_v<S, Real>)
    *to = value;
  else
    std::memcpy(to, &value, sizeof value);
}

namespace detail {
// For the host alone, as in fused.hpp.
inline Vector<double> load_floats(const float* from) {
#ifdef ZSPEX_HAS_VECTORS
  Vector<float, simd_bytes / 2> half;
  std::memcpy(&half, from, sizeof half);
  return __builtin_convertvector(half, Vector<double>);
#else
  return *from;
#endif
}
}  // namespace detail

#ifdef __NVCC__
#pragma nv_exec_check_disable
#endif
/// As many values as a vector of doubles has lanes, made doubles.
template <class S>
KOKKOS_FORCEINLINE_FUNCTION S simd_load_double(const float* from) {
  if constexpr (std::is_same_v<S, double>)
    return static_cast<double>(*from);
  else
    return detail::load_floats(from);
}
template <class S>
KOKKOS_FORCEINLINE_FUNCTION S simd_load_double(const double* from) {
  return simd_load<S>(from);
}

/// A loaded value that stays in its register: GCC would rather load it again in each instruction that uses it, and a
/// load across two cache lines costs two.
template <class S>
KOKKOS_FORCEINLINE_FUNCTION S pinned(S value) {
#if defined(__AVX__) && !defined(__CUDA_ARCH__)  // without it, a vector is not one register
  if constexpr (!std::is_arithmetic_v<S>) asm("" : "+v"(value));
#endif
  return value;
}

/// All lanes equal to `value`.
template <class S, class Real>
KOKKOS_FORCEINLINE_FUNCTION S simd_fill(Real value) {
  if constexpr (std::is_same_v<S, Real>)
    return value;
  else
    return in_all_lanes<S>(value);
}

/// Sum of the lanes, pairwise from the far halves: always in this order.
template <class S>
KOKKOS_FORCEINLINE_FUNCTION double simd_sum(const S& lanes) {
  if constexpr (std::is_same_v<S, double>) {
    return lanes;
  } else {
    if constexpr (sizeof(S) == 4 * sizeof(double))
      return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
    else
      return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  }
}

/// `value` in the lanes where `weight` is positive, else 0.
template <class S>
KOKKOS_FORCEINLINE_FUNCTION S where_positive(const S& weight, const S& value) {
  if constexpr (std::is_same_v<S, double>) {
    return weight > 0 ? value : 0.0;
  } else {
    return weight > 0 ? value : S{};
  }
}

#ifdef ZSPEX_HAS_VECTORS
namespace detail {
/// Of two rows, lanes of b without bit `block` change places with lanes of a that have it.
template <int block, class S>
inline void exchange(S& a, S& b) {
  const S from = a;
  if constexpr (sizeof(S) == 8 * sizeof(double) && block == 4) {
    a = __builtin_shufflevector(from, b, 0, 1, 2, 3, 8, 9, 10, 11);
    b = __builtin_shufflevector(from, b, 4, 5, 6, 7, 12, 13, 14, 15);
  } else if constexpr (sizeof(S) == 8 * sizeof(double) && block == 2) {
    a = __builtin_shufflevector(from, b, 0, 1, 8, 9, 4, 5, 12, 13);
    b = __builtin_shufflevector(from, b, 2, 3, 10, 11, 6, 7, 14, 15);
  } else if constexpr (sizeof(S) == 8 * sizeof(double)) {
    a = __builtin_shufflevector(from, b, 0, 8, 2, 10, 4, 12, 6, 14);
    b = __builtin_shufflevector(from, b, 1, 9, 3, 11, 5, 13, 7, 15);
  } else if constexpr (block == 2) {
    a = __builtin_shufflevector(from, b, 0, 1, 4, 5);
    b = __builtin_shufflevector(from, b, 2, 3, 6, 7);
  } else {
    a = __builtin_shufflevector(from, b, 0, 4, 2, 6);
    b = __builtin_shufflevector(from, b, 1, 5, 3, 7);
  }
}
}  // namespace detail

/// Lane j of row i becomes lane i of row j, for 8 or 4 vectors of doubles of the host's: block by block, and within
/// blocks of half the size.
template <int block = 0, class S, int width>
inline void transpose(S (&rows)[width]) {
  constexpr int size = block > 0 ? block : width / 2;
  ZSPEX_UNROLL
  for (int i = 0; i < width; ++i)
    if ((i & size) == 0) detail::exchange<size>(rows[i], rows[i + size]);
  if constexpr (size > 1) transpose<size / 2>(rows);
}

/// The first n lanes of a vector of the host's.
template <class S, class Real>
inline void store_lanes(Real* to, const S& value, int n) {
  constexpr int width = sizeof(S) / sizeof(double);
  if (n == width)
    simd_store(to, __builtin_convertvector(value, Vector<Real, width * sizeof(Real)>));
  else
    for (int i = 0; i < n; ++i) to[i] = static_cast<Real>(value[i]);
}
#else
template <class S>
inline void transpose(S (&)[1]) {}
template <class S, class Real>
inline void store_lanes(Real* to, const S& value, int) {
  *to = static_cast<Real>(value);
}
#endif

/// `NVec` registers of lanes: a strip of NVec * simd_width<Exec> neighboring columns.
template <class Exec, int NVec>
struct Chunk {
  using S = Simd<Exec>;
  static constexpr int width = NVec * simd_width<Exec>;
  S v[NVec];

  KOKKOS_FORCEINLINE_FUNCTION static Chunk zero() {
    Chunk chunk;
    for (int i = 0; i < NVec; ++i) chunk.v[i] = simd_fill<S>(0.0);
    return chunk;
  }
  KOKKOS_FORCEINLINE_FUNCTION static Chunk load(const double* from) {
    Chunk chunk;
    for (int i = 0; i < NVec; ++i) chunk.v[i] = simd_load<S>(from + i * simd_width<Exec>);
    return chunk;
  }
  KOKKOS_FORCEINLINE_FUNCTION void store(double* to) const {
    for (int i = 0; i < NVec; ++i) simd_store<S>(to + i * simd_width<Exec>, v[i]);
  }
  /// this += a * b, lane by lane
  KOKKOS_FORCEINLINE_FUNCTION void add(const Chunk& a, const Chunk& b) {
    for (int i = 0; i < NVec; ++i) v[i] = fused(a.v[i], b.v[i], v[i]);
  }
  /// Sum of all columns, in a fixed order.
  KOKKOS_FORCEINLINE_FUNCTION double total() const {
    S sum = v[0];
    for (int i = 1; i < NVec; ++i) sum += v[i];
    return simd_sum(sum);
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
