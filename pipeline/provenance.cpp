#include "pipeline/provenance.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "config/command_line.hpp"
#include "core/format.hpp"
#include "core/host_name.hpp"
#include "kernels/base/session.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

std::string quote_command(int argc, const char* const* argv) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    if (i > 0) line += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

std::string describe_layout(const Roles& roles, std::size_t threads) {
  int least = roles.ranks_of(0), most = least;
  for (int node = 1; node < roles.nnode; ++node) {
    least = std::min(least, roles.ranks_of(node));
    most = std::max(most, roles.ranks_of(node));
  }
  const auto s = [](auto n) { return n == 1 ? "" : "s"; };
  return fmt::format("{} node{}, {}{} rank{}{}, {} thread{} a rank", roles.nnode, s(roles.nnode),
                     least < most ? fmt::format("{} to ", least) : "", most, s(most), roles.nnode == 1 ? "" : " each",
                     threads, s(threads));
}

std::string describe_slurm(const std::function<std::string(const char*)>& variable) {
  const std::string job = variable("SLURM_JOB_ID");
  if (job.empty()) return "";
  std::string text = "job " + job;
  if (const std::string array = variable("SLURM_ARRAY_JOB_ID"); !array.empty())
    text += fmt::format(" ({}_{})", array, variable("SLURM_ARRAY_TASK_ID"));
  if (const std::string step = variable("SLURM_STEP_ID"); !step.empty()) text += ", step " + step;
  if (const std::string cluster = variable("SLURM_CLUSTER_NAME"); !cluster.empty()) text += ", on " + cluster;
  return text;
}

std::string describe_gpus(const comm::Communicator& world, const Roles& roles) {
  const Role& mine = roles.ranks[static_cast<std::size_t>(world.rank())];
  const std::string name = mine.on_gpu ? kernels::device_name() : "";
  std::map<std::string, double> count;
  const auto names = comm::all_gather_lists(world, std::vector<char>(name.begin(), name.end()));
  for (std::size_t rank = 0; rank < names.size(); ++rank)
    if (!names[rank].empty()) count[{names[rank].begin(), names[rank].end()}] += 1.0 / roles.ranks[rank].ranks_per_gpu;
  std::string text;
  for (const auto& [gpu, n] : count) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", std::lround(n), gpu);
  return text;
}

Provenance make_provenance(int argc, const char* const* argv, std::string config, std::string strategy,
                           const comm::Communicator& world, const Roles& roles) {
  Provenance provenance;
  provenance.version = config::program_version();
  provenance.revision = program_revision();
  provenance.command = quote_command(argc, argv);
  provenance.host = host_name();
  provenance.kokkos = kernels::kokkos_description();
  provenance.mpi = comm::mpi_description();
  provenance.strategy = std::move(strategy);
  provenance.compiler = ZSPEX_COMPILER;
  provenance.layout = describe_layout(roles, kernels::host_concurrency());
  provenance.gpus = describe_gpus(world, roles);
  provenance.slurm = describe_slurm([](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  });
  provenance.config = std::move(config);
  provenance.nranks = world.size();
  provenance.started = utc_now();
  return provenance;
}

}  // namespace zspex::pipeline
