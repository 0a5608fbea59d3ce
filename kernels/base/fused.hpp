/// \file
/// Multiply-adds with one rounding. No compiler may make them of a product and a sum by itself (cmake/ZspexOptions.cmake),
/// so that the same operations are rounded alike by all of them: whatever is to be fast says fused().
#pragma once

#include <type_traits>

#include "kernels/base/kokkos.hpp"

#if defined(__FMA__)
#include <immintrin.h>
#endif

namespace zspex::kernels {

/// Whether the host has them in one instruction. Without, a product and a sum: a call of fma() would be a hundred times slower.
#if defined(__FMA__) || defined(__FP_FAST_FMA)
inline constexpr bool host_fuses = true;
#else
inline constexpr bool host_fuses = false;
#endif

/// a * b + c
KOKKOS_FORCEINLINE_FUNCTION double fused(double a, double b, double c) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__) || defined(__SYCL_DEVICE_ONLY__)
  return fma(a, b, c);
#else
  return host_fuses ? __builtin_fma(a, b, c) : a * b + c;
#endif
}

KOKKOS_FORCEINLINE_FUNCTION float fused(float a, float b, float c) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__) || defined(__SYCL_DEVICE_ONLY__)
  return fmaf(a, b, c);
#else
  return host_fuses ? __builtin_fmaf(a, b, c) : a * b + c;
#endif
}

#if defined(__GNUC__) || defined(__clang__)
namespace detail {

// For the host alone: nvcc takes no vectors in what it compiles for a device, too.

/// x - 0 is x, of either sign, and so no operation.
template <class V, class Real>
inline V vector_of(Real value) {
  return value - V{};
}

template <class V>
inline V fused_vectors(const V& a, const V& b, const V& c) {
  using Real = std::decay_t<decltype(a[0])>;
  [[maybe_unused]] constexpr bool is_double = std::is_same_v<Real, double>;
#if defined(__AVX512F__) && defined(__FMA__)
  if constexpr (sizeof(V) == 64 && is_double) return (V)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
  if constexpr (sizeof(V) == 64 && !is_double) return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#endif
#if defined(__FMA__)
  if constexpr (sizeof(V) == 32 && is_double) return (V)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
  if constexpr (sizeof(V) == 32 && !is_double) return (V)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#endif
  if constexpr (!host_fuses) return a * b + c;
  V sum = c;
  for (unsigned lane = 0; lane < sizeof(V) / sizeof(Real); ++lane) sum[lane] = fused(a[lane], b[lane], c[lane]);
  return sum;
}

template <class Real, class V>
inline V fused_factor(Real factor, const V& b, const V& c) {
  return fused_vectors(vector_of<V>(factor), b, c);
}

}  // namespace detail

// No device calls these; kernels that stand once for host and device name them.
#ifdef __NVCC__
#pragma nv_exec_check_disable
#endif
/// A vector of the host's whose lanes are all `value`.
template <class V, class Real>
KOKKOS_FORCEINLINE_FUNCTION V in_all_lanes(Real value) {
  return detail::vector_of<V>(value);
}

#ifdef __NVCC__
#pragma nv_exec_check_disable
#endif
/// a * b + c for vectors of the host's, lane by lane.
template <class V, class = std::enable_if_t<!std::is_arithmetic_v<V>>>
KOKKOS_FORCEINLINE_FUNCTION V fused(const V& a, const V& b, const V& c) {
  return detail::fused_vectors(a, b, c);
}

#ifdef __NVCC__
#pragma nv_exec_check_disable
#endif
template <class V, class = std::enable_if_t<!std::is_arithmetic_v<V>>, class Real = std::decay_t<decltype(V{}[0])>>
KOKKOS_FORCEINLINE_FUNCTION V fused(std::type_identity_t<Real> a, const V& b, const V& c) {
  return detail::fused_factor(a, b, c);
}
#endif

}  // namespace zspex::kernels
