/// \file
/// Pixels with numbers that no detector gives: one of them would decide the fit of all its neighbors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/extract_config.hpp"
#include "io/preproc.hpp"

namespace zspex::pipeline {

/// How many pixels were taken out, and what to tell about them.
struct AbsurdPixels {
  std::int64_t nlow_noise = 0;  ///< 1 / sqrt(ivar) below min_pixel_noise times the read noise
  std::int64_t nhigh_snr = 0;   ///< |image| sqrt(ivar) above max_pixel_snr
  std::vector<std::string> warnings;

  std::int64_t count() const { return nlow_noise + nhigh_snr; }
};

/// Sets ivar to 0 where a pixel is less noisy than reading it out allows, or its signal is absurdly significant. The
/// read noise is the pixel's in READNOISE, else the smallest of the header's RDNOISE, OBSRDNA ... OBSRDND, else that of
/// the frame's least noisy pixels (1 in 100). Pixels that are masked already are left alone.
AbsurdPixels mask_absurd_pixels(io::Preproc& frame, const config::ExtractConfig& config, std::uint32_t unusable);

}  // namespace zspex::pipeline
