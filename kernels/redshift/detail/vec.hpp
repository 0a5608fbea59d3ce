/// \file
/// One vector register of floats or doubles.
#pragma once

#include <cstddef>
#include <cstring>

#include "kernels/base/fused.hpp"

namespace zspex::kernels::detail {

#if defined(__AVX512F__)
inline constexpr int vec_bytes = 64;
inline constexpr bool many_registers = true;  ///< 32 of them, not 16
#else
inline constexpr int vec_bytes = 32;
inline constexpr bool many_registers = false;
#endif

template <class Real>
struct VecOf;
template <>
struct VecOf<float> {
  using type = float __attribute__((vector_size(vec_bytes)));
};
template <>
struct VecOf<double> {
  using type = double __attribute__((vector_size(vec_bytes)));
};
template <class Real>
using Vec = typename VecOf<Real>::type;
using FourDoubles = double __attribute__((vector_size(32)));
template <class Real>
inline constexpr int vec_width = vec_bytes / static_cast<int>(sizeof(Real));

/// A vector at any address.
template <class V>
struct __attribute__((packed, may_alias)) Unaligned {
  V value;
};

template <class Real>
inline Vec<Real> load_vec(const Real* from) {
  return reinterpret_cast<const Unaligned<Vec<Real>>*>(from)->value;
}

template <class Real>
inline void store_vec(Real* to, const Vec<Real>& value) {
  reinterpret_cast<Unaligned<Vec<Real>>*>(to)->value = value;
}

/// A loaded value that stays in its register: GCC would rather load it again in each instruction that uses it, and a load
/// across two cache lines costs two.
template <class V>
inline V pinned(V value) {
#ifdef __AVX__  // without it, a vector is not one register
  asm("" : "+v"(value));
#endif
  return value;
}

#ifdef __NVCC__
#pragma nv_diag_suppress 1675  // nvcc passes GCC's pragmas on, and says that it doesn't know them
#endif
/// Loops over registers must be unrolled whole, or GCC keeps arrays of them in memory.
#if defined(__clang__)
#define ZSPEX_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define ZSPEX_UNROLL _Pragma("GCC unroll 32")
#else
#define ZSPEX_UNROLL
#endif

/// As many values as a vector of doubles has lanes.
inline Vec<double> load_as_double(const double* from) { return load_vec(from); }
inline Vec<double> load_as_double(const float* from) {
  using Half = float __attribute__((vector_size(vec_bytes / 2)));
  return __builtin_convertvector(reinterpret_cast<const Unaligned<Half>*>(from)->value, Vec<double>);
}

/// Sum of all lanes, always in the same order: halves onto each other.
inline double lane_total(const Vec<double>& value) {
  using Two = double __attribute__((vector_size(16)));
  FourDoubles fours[vec_bytes / 32];
  std::memcpy(fours, &value, sizeof value);
  for (int i = 1; i < vec_bytes / 32; ++i) fours[0] += fours[i];
  Two twos[2];
  std::memcpy(twos, fours, sizeof twos);
  const Two sum = twos[0] + twos[1];
  return sum[0] + sum[1];
}

/// sum of a[i] b[i], always in the same order.
inline double dot(const double* a, const double* b, std::size_t n) {
  constexpr std::size_t width = vec_width<double>;
  Vec<double> sum[4] = {};
  std::size_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width)
    for (std::size_t k = 0; k < 4; ++k)
      sum[k] = fused(load_vec(a + i + k * width), load_vec(b + i + k * width), sum[k]);
  double total = lane_total((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < n; ++i) total = fused(a[i], b[i], total);
  return total;
}

}  // namespace zspex::kernels::detail
