/// \file
/// The kernels' fitter for a configuration, targets and templates.
#pragma once

#include <memory>

#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/redshift/targets.hpp"
#include "pipeline/redshift/templates.hpp"

namespace zspex::pipeline {

/// \throws NumericsError when a template doesn't cover the spectra, or a fit has too many unknowns
std::shared_ptr<kernels::RedshiftFitter> make_fitter(const config::RedshiftConfig& config, const TargetList& targets,
                                                     const TemplateSet& templates);

}  // namespace zspex::pipeline
