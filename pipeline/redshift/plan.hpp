/// \file
/// What `zspex redshift` will do: which targets and templates, with which strategy, in how much memory. No spectrum is read
/// for it.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/job_config.hpp"
#include "config/machine_config.hpp"
#include "config/redshift_config.hpp"
#include "core/provenance.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/choose.hpp"
#include "pipeline/redshift/footprint.hpp"
#include "pipeline/redshift/input_tables.hpp"
#include "pipeline/redshift/strategy.hpp"
#include "pipeline/redshift/targets.hpp"
#include "pipeline/redshift/templates.hpp"
#include "pipeline/roles.hpp"
#include "pipeline/terminal/progress.hpp"

namespace zspex::pipeline {

/// What the runs of a job have in common: found out by the first, taken by the others.
struct JobCache {
  std::optional<TemplateSet> templates;
  std::optional<config::MachineConfig> machine;  ///< as it was before the first run
  std::optional<config::MachineConfig> rates;    ///< of this machine, as calibrate() measures them
};

/// What the stage is told beside its configuration.
struct RedshiftOptions {
  terminal::Progress::Style progress;
  std::optional<config::MachineConfig> machine;  ///< for plans; this one if there is none
  std::shared_ptr<JobCache> cache;  ///< of several runs one after the other; none: each finds out for itself
  /// On the root: takes what writes the results, to be done beside the next run; none: it is done at once.
  std::function<void(std::function<void()> write)> write_behind;
  /// Who uses a GPU; none: it is found out.
  std::optional<Roles> roles;
  double start_seconds = 0;  ///< of the program before the stage; 0: not of interest
  int node_size = 0;         ///< ranks that count as one node, for tests; 0: as they are

  /// The ranks of this rank's node. Collective.
  comm::Communicator node_of(const comm::Communicator& world) const {
    return node_size > 0 ? world.split(world.rank() / node_size) : world.split_by_node();
  }
};

/// What will be done. All ranks have the same, but for warnings.
struct RedshiftPlan {
  bool already_done = false;       ///< --resume, and all outputs are kept
  std::vector<std::string> notes;  ///< for people: why they aren't kept, and what was cleared away
  std::string sources;             ///< of what is read (pipeline/resume.hpp)
  TargetList targets;
  std::shared_ptr<const InputTables> tables;  ///< on the root: read now, since the files may be gone at the end
  TemplateSet templates;
  std::shared_ptr<kernels::RedshiftFitter> fitter;
  Roles roles;
  config::MachineConfig machine;  ///< this one, or the one that is planned for
  bool described = false;         ///< another one than this is planned for
  std::optional<Strategy> strategy;
  double gpu_capacity = 1;  ///< targets of a GPU rank, times those of a CPU rank, where they are dealt by capacity
  ScanMemory memory;
  std::vector<StrategyPlan> strategies;            ///< all, if they were compared
  std::size_t chosen = 0;                          ///< of them
  std::vector<std::string> warnings;               ///< on the root
  double plan_seconds = 0, calibrate_seconds = 0;  ///< that it took to find out; none: nothing was measured
};

/// The files that a run writes, the most precious first.
std::vector<std::string> outputs_of(const config::RedshiftConfig& config);

/// How ranks use GPUs with the strategy of a configuration.
GpuRequest gpu_request(const config::RedshiftConfig& config);

/// Who uses a GPU: as the options say, or as it is found out. Collective.
Roles roles_of(const comm::Communicator& world, const config::RedshiftConfig& config, const RedshiftOptions& options);

/// Reads tables and templates. \param warn  told what is odd; on the root \throws AgreedError. Collective.
RedshiftPlan plan_redshift(const comm::Communicator& world, const config::RedshiftConfig& config,
                           const config::JobConfig& job, const Provenance& provenance, const RedshiftOptions& options,
                           const std::function<void(const std::string& warning)>& warn);

/// For the terminal. \param nrank  of all nodes
void print_plan(const RedshiftPlan& plan, const config::RedshiftConfig& config, int nrank, std::ostream& out);

}  // namespace zspex::pipeline
