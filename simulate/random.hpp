/// \file
/// Random numbers that are a function of what they are for: a pixel's noise depends on the seed, the exposure, the
/// camera and the pixel, and on nothing that was drawn before. So a simulation has the same bits for any number of
/// ranks and in any order.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "core/philox.hpp"

namespace zspex::simulate {

using zspex::philox;

/// What a number is for. Numbers of different purposes never meet.
enum class Purpose : std::uint32_t { pixel = 1, cosmic, defect, target, fiber, exposure, optics, family, spectrum };

/// A stream of random numbers of its own for each (seed, purpose, camera, exposure, index).
class Random {
 public:
  /// \param camera    camera_code(), or 0 for what all cameras share
  /// \param exposure  exposure number, or 0 for what all exposures share
  /// \param index     pixel, fiber or event; up to 2^32
  Random(std::uint64_t seed, Purpose purpose, std::uint32_t camera, std::uint32_t exposure, std::uint32_t index)
      : counter_{0, index, static_cast<std::uint32_t>(purpose) | camera << 8, exposure},
        key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}

  std::uint32_t word() {
    if (used_ == 4) {
      block_ = philox(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }
  /// In (0, 1), never 0 or 1; 52 bits, so that the half does not round up to 1.
  double uniform() {
    const std::uint64_t high = word(), low = word();
    return (static_cast<double>((high << 32 | low) >> 12) + 0.5) * 0x1p-52;
  }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Normal with mean 0 and variance 1: Box & Muller 1958. Beyond 6.7 sigma nothing is drawn (32 bits of radius).
  double normal() {
    const double radius = (word() + 0.5) * 0x1p-32, angle = word() * 0x1p-32;
    return std::sqrt(-2 * std::log(radius)) * std::cos(2 * std::numbers::pi * angle);
  }
  double exponential(double mean) { return -mean * std::log(uniform()); }
  /// Poisson deviate. By inversion below a mean of 12, else by transformed rejection (PTRS, Hoermann 1993, Insurance:
  /// Mathematics and Economics 12, 39). 0 for mean <= 0; mean < 2^31.
  double poisson(double mean);

 private:
  std::array<std::uint32_t, 4> counter_, block_{};
  std::array<std::uint32_t, 2> key_;
  int used_ = 4;
};

/// ln(k!) by Stirling's series; the first neglected term is below 1e-10 from k = 9 on, a table below.
double log_factorial(double k);

}  // namespace zspex::simulate
