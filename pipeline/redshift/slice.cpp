#include "pipeline/redshift/slice.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::pipeline {

int slice_redshifts(const kernels::RedshiftFitter& fitter, int itemplate, const config::RedshiftConfig& config) {
  constexpr std::size_t held = 4;  // two slices in half of it
  const auto memory = static_cast<std::size_t>(config.memory * gibibyte);
  const std::size_t one = fitter.slice_bytes(itemplate, 1), fit = memory / held / one;
  if (fit == 0)
    throw ConfigError(
        "configuration", "redshift.memory",
        fmt::format("expected at least {:.3g} GiB, for two redshifts of template {}, found {:.3g}. Raise it.",
                    static_cast<double>(held * one) / gibibyte,
                    fitter.templates()[static_cast<std::size_t>(itemplate)].full_type(), config.memory));
  return static_cast<int>(std::min<std::size_t>(fit, static_cast<std::size_t>(config.slice)));
}

}  // namespace zspex::pipeline
