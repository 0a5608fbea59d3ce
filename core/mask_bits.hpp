/// \file
/// Bits of DESI's masks (desispec.maskbits: ccdmask and specmask) and of Redrock's warnings.
#pragma once

#include <cstdint>

namespace zspex {

/// Bits of the MASK HDU of a preproc frame.
namespace ccdmask {
inline constexpr std::uint32_t bad = 1u << 0, hot = 1u << 1, dead = 1u << 2, saturated = 1u << 3, cosmic = 1u << 4,
                               pixflatzero = 1u << 5, pixflatlow = 1u << 6, highvar = 1u << 7, badreadnoise = 1u << 8,
                               badamp = 1u << 9;
/// The bits that take a pixel out of the extraction; BADREADNOISE does not.
inline constexpr std::uint32_t unusable =
    bad | hot | dead | saturated | cosmic | pixflatzero | pixflatlow | highvar | badamp;
static_assert(unusable == 767);
}  // namespace ccdmask

/// Bits of the MASK HDU of a frame.
namespace specmask {
inline constexpr std::uint32_t somebadpix = 1u << 0, allbadpix = 1u << 1, cosmic = 1u << 2, lowflat = 1u << 3,
                               badfiberflat = 1u << 4, brightsky = 1u << 5, badsky = 1u << 6, bad2dfit = 1u << 7,
                               nodata = 1u << 8, badfiber = 1u << 9, badcolumn = 1u << 10;
}  // namespace specmask

/// Bits of ZWARN, the warnings of a redshift (redrock.zwarning).
namespace zwarn {
inline constexpr int sky = 1 << 0, little_coverage = 1 << 1, small_delta_chi2 = 1 << 2, negative_model = 1 << 3,
                     many_outliers = 1 << 4, z_fitlimit = 1 << 5, negative_emission = 1 << 6, unplugged = 1 << 7,
                     bad_target = 1 << 8, nodata = 1 << 9, bad_minfit = 1 << 10, poordata = 1 << 11;
}  // namespace zwarn

}  // namespace zspex
