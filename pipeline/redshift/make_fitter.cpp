#include "pipeline/redshift/make_fitter.hpp"

#include <algorithm>

namespace zspex::pipeline {

std::shared_ptr<kernels::RedshiftFitter> make_fitter(const config::RedshiftConfig& config, const TargetList& targets,
                                                     const TemplateSet& templates) {
  kernels::FitSettings settings;
  settings.mixed = config.precision == config::Precision::mixed;
  settings.nminima = config.minima();
  settings.npoints = config.zminfit_npoints;
  settings.adaptive = config.refine == config::Refinement::adaptive;
  settings.archetypes = {config.archetype_nnearest, config.archetype_legendre_degree,
                         config.archetype_legendre_percamera && targets.bands.size() > 1,
                         config.archetype_legendre_prior};
  settings.teams = config.device_kernels == config::DeviceKernels::teams;
  settings.max_ndiag = 1;
  std::vector<std::vector<double>> grids;
  for (const auto& band : targets.bands) {
    settings.max_ndiag = std::max(settings.max_ndiag, band.ndiag);
    grids.push_back(band.wave);
  }
  return std::make_shared<kernels::RedshiftFitter>(std::move(grids), templates.templates, settings,
                                                   templates.archetypes);
}

}  // namespace zspex::pipeline
