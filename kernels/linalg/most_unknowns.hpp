/// \file
/// How large small systems may be.
#pragma once

namespace zspex::kernels {

/// Unknowns at most.
inline constexpr int most_unknowns = 64;

}  // namespace zspex::kernels
