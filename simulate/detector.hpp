/// \file
/// From light on the CCD to a preproc frame: counting noise, read noise, cosmics, dead columns, hot pixels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/array.hpp"
#include "io/preproc.hpp"
#include "simulate/camera.hpp"

namespace zspex::simulate {

/// Read noise of amplifiers A, B (lower left, lower right), C, D (upper), relative to the setting.
inline constexpr std::array<double, 4> amplifier_noise = {0.95, 1.02, 0.91, 1.09};

struct DetectorSettings {
  bool noise = true;     ///< counting noise, read noise and digitization; without, the image is the expectation
  double readnoise = 3;  ///< electrons; the four amplifiers differ by up to 10 %
  double gain = 1.6;     ///< electrons of a digital unit; the image holds whole units; 0 = not digitized
  double cosmics = 20;   ///< hits per million pixels
  int dead_columns = 2;  ///< on a whole CCD; fewer on a narrower one, but at least one if not 0
  int hot_pixels = 200;  ///< on a whole CCD
};

/// Which numbers are drawn: any two of different identity are independent.
struct NoiseKey {
  std::uint64_t seed = 0;
  Camera camera;
  long long expid = 0;
};

struct DetectorReport {
  std::size_t cosmic_pixels = 0, dead_pixels = 0, hot_pixels = 0, saturated_pixels = 0, ncosmic = 0;
};

/// Exposes, reads out and flags. Each pixel's noise is a function of the key and the pixel.
/// IVAR is the inverse of the variance that the noise was drawn from: expected electrons + read noise squared + gain
/// squared / 12. MASK: COSMIC where a track left charge (ivar is kept), DEAD columns (image and ivar 0), HOT pixels
/// (ivar kept), SATURATED. \param light    [ny][nx] expected electrons, >= 0 \return image, ivar, mask, readnoise; the
/// header is left to the caller
io::Preproc expose(const Array2<double>& light, const DetectorSettings& settings, const NoiseKey& key,
                   DetectorReport* report = nullptr);

}  // namespace zspex::simulate
