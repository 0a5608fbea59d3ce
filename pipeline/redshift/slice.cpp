#include "pipeline/redshift/slice.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include "core/error.hpp"

namespace zspex::pipeline {

int slice_redshifts(const kernels::RedshiftFitter& fitter, int itemplate, const config::RedshiftConfig& config) {
  constexpr double gibibyte = 1 << 30;
  constexpr std::size_t held = 4;  // two slices in half of it
  const auto memory = static_cast<std::size_t>(config.memory * gibibyte);
  const std::size_t one = fitter.slice_bytes(itemplate, 1), fit = memory / held / one;
  if (fit == 0) {
    char needed[32], found[32];
    std::snprintf(needed, sizeof needed, "%.3g", static_cast<double>(held * one) / gibibyte);
    std::snprintf(found, sizeof found, "%.3g", config.memory);
    throw ConfigError("configuration", "redshift.memory",
                      "expected at least " + std::string(needed) + " GiB, for two redshifts of template " +
                          fitter.templates()[static_cast<std::size_t>(itemplate)].full_type() + ", found " + found +
                          ". Raise it.");
  }
  return static_cast<int>(std::min<std::size_t>(fit, static_cast<std::size_t>(config.slice)));
}

}  // namespace zspex::pipeline
