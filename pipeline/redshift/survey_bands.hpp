/// \file
/// Bands of a survey, where no spectra are at hand.
#pragma once

#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

/// The bands of DESI's coadds, which are also those of simulated ones by default, without targets.
TargetList survey_bands();

}  // namespace zspex::pipeline
