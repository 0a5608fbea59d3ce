#include "pipeline/machine_cache.hpp"

#include <cstdlib>

#include "config/command_line.hpp"
#include "core/format.hpp"
#include "kernels/base/session.hpp"
#include "kernels/redshift/fitter.hpp"

namespace zspex::pipeline {

std::string program_and_backend() {
  const std::size_t nthread = kernels::host_concurrency();
  return fmt::format("zspex {}, {}{}", config::program_version(), kernels::kokkos_description(),
                     nthread == 1 ? "" : fmt::format(", {} threads a rank", nthread));
}

std::string machine_cache_path(const std::string& host, int ranks) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  std::string folder;
  if (cache != nullptr && cache[0] == '/')  // others are to be ignored, says the XDG specification
    folder = cache;
  else if (home != nullptr && home[0] == '/')
    folder = std::string(home) + "/.cache";
  else
    return "";
  return fmt::format("{}/zspex/machine-{}-{}.yaml", folder, host, ranks);
}

std::string why_other_machine(const config::MachineConfig& cached, const config::MachineConfig& now) {
  if (cached.measured_by != now.measured_by)
    return fmt::format("expected rates of {}, found those of {}", now.measured_by,
                       cached.measured_by.empty() ? "nobody" : cached.measured_by);
  if (cached.name != now.name) return fmt::format("expected rates of {}, found those of {}", now.name, cached.name);
  if (cached.ranks != now.ranks)
    return fmt::format("expected rates with {} ranks of each node, found those with {}", now.ranks, cached.ranks);
  if (cached.gpus == 0 && now.gpus > 0)
    return fmt::format("expected rates of {} GPUs, found those of a machine without", now.gpus);
  return "";
}

}  // namespace zspex::pipeline
