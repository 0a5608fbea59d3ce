/// \file
/// Constants of nature.
#pragma once

namespace zspex {

inline constexpr double light_speed_km_s = 299792.458;

}  // namespace zspex
