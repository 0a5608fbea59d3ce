/// \file
/// What fits are measured with: the size of a real run, without its files.
#pragma once

#include <memory>

#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"

namespace zspex::pipeline::measure {

/// A template of galaxies as Redrock's: 10 basis vectors and its grid of redshifts. Its numbers are invented.
kernels::Template galaxy_template();

/// All of a redshift fit for these.
std::shared_ptr<kernels::RedshiftFitter> survey_fitter(const config::RedshiftConfig& config);

}  // namespace zspex::pipeline::measure
