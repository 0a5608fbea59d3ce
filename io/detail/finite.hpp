/// \file
/// std::isfinite for loops over many values.
#pragma once

#include <bit>
#include <cstdint>

namespace zspex::io::detail {

/// By the bits of the exponent: of a loop over std::isfinite, GCC 16 makes vector comparisons that raise "invalid" for NaN.
inline bool is_finite(double value) {
  constexpr std::uint64_t exponent = 0x7ff0000000000000;
  return (std::bit_cast<std::uint64_t>(value) & exponent) != exponent;
}

}  // namespace zspex::io::detail
