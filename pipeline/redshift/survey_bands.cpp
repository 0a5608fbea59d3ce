#include "pipeline/redshift/survey_bands.hpp"

#include "config/simulate_config.hpp"
#include "kernels/extract/extract.hpp"

namespace zspex::pipeline {

TargetList survey_bands() {
  constexpr int ndiag = 11;
  const config::SimulateConfig survey;
  TargetList list;
  for (const auto& [band, range] :
       {std::pair{"b", survey.wave_b}, std::pair{"r", survey.wave_r}, std::pair{"z", survey.wave_z}})
    list.bands.push_back({band, kernels::wave_grid(range.wavemin, range.wavemax, range.dwave), ndiag});
  return list;
}

}  // namespace zspex::pipeline
