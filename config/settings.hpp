/// \file
/// All sections of a configuration together, and where each value came from.
#pragma once

#include <map>
#include <string>

#include "config/extract_config.hpp"
#include "config/inspect_config.hpp"
#include "config/job_config.hpp"
#include "config/machine_config.hpp"
#include "config/measure_config.hpp"
#include "config/redshift_config.hpp"
#include "config/simulate_config.hpp"

namespace zspex::config {

/// Where a key was set last: "extract.nspec" -> "survey.yaml:12". Keys with their default are absent.
using Origins = std::map<std::string, std::string>;

/// One member for each section. The schema (config/schema.hpp) knows every member of every section.
struct Settings {
  JobConfig job;
  ExtractConfig extract;
  RedshiftConfig redshift;
  SimulateConfig simulate;
  InspectConfig inspect;
  MeasureConfig measure;
  MachineConfig machine;
  Origins origins;
};

}  // namespace zspex::config
