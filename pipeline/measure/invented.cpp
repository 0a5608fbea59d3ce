#include "pipeline/measure/invented.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/extract/extract.hpp"
#include "kernels/redshift/redshift_grid.hpp"
#include "pipeline/redshift/make_fitter.hpp"
#include "pipeline/redshift/survey_bands.hpp"
#include "simulate/template_set.hpp"

namespace zspex::pipeline::measure {

kernels::Template galaxy_template() {
  const auto& plans = simulate::template_plans();
  const auto plan = std::find_if(plans.begin(), plans.end(),
                                 [](const simulate::TemplatePlan& one) { return one.spectype == "GALAXY"; });
  kernels::Template made;
  made.spectype = plan->spectype;
  made.igm = kernels::IgmModel::calura12;
  made.wave = kernels::wave_grid(plan->wave.wavemin, plan->wave.wavemax, plan->wave.dwave);
  made.basis = Array2<double>({static_cast<std::size_t>(plan->nvector), made.wave.size()});
  for (std::size_t i = 0; i < made.basis.extent(0); ++i)  // waves of different lengths: no two vectors are alike
    for (std::size_t k = 0; k < made.wave.size(); ++k)
      made.basis(i, k) = std::cos(static_cast<double>(i + 1) * made.wave[k] / 700);
  made.redshifts = kernels::redshift_grid("GALAXY", kernels::default_range("GALAXY"));
  return made;
}

std::shared_ptr<kernels::RedshiftFitter> survey_fitter(const config::RedshiftConfig& config) {
  TemplateSet templates;
  templates.templates.push_back(galaxy_template());
  return make_fitter(config, survey_bands(), templates);
}

}  // namespace zspex::pipeline::measure
