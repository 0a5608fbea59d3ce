/// \file
/// The shapes of priors on redshifts.
#pragma once

namespace zspex {

enum class PriorFunction { gaussian, lorentzian, tophat };

}  // namespace zspex
