/// \file
/// What must hold between fields. The schema checks each field by itself; here is everything that needs two of them.
#pragma once

#include "config/settings.hpp"

namespace zspex::config {

/// Also repeats the checks of single fields, for configurations that did not come through the readers.
/// \param origins  where each value came from, for the messages
/// \throws ConfigError
void check(const ExtractConfig& config, const Origins& origins = {});
void check(const RedshiftConfig& config, const Origins& origins = {});
void check(const SimulateConfig& config, const Origins& origins = {});
void check(const InspectConfig& config, const Origins& origins = {});
void check(const MeasureConfig& config, const Origins& origins = {});

}  // namespace zspex::config
