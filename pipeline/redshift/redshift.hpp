/// \file
/// The stage `zspex redshift`: spectra of targets to redshifts, over all ranks.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/extract_config.hpp"
#include "config/job_config.hpp"
#include "config/machine_config.hpp"
#include "config/redshift_config.hpp"
#include "io/frame.hpp"
#include "io/redshifts.hpp"
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
  const Strategy* strategy = nullptr;
  ScanMemory memory;
  std::vector<StrategyPlan> strategies;  ///< all, if they were compared
  std::size_t chosen = 0;                ///< of them
  std::vector<std::string> warnings;     ///< on the root
};

/// What one rank did. Plain numbers: travels as it is.
struct RankReport {
  Role role;
  std::int64_t ntarget = 0;   ///< that were dealt to it; where ranks take turns, its part of the fits times all targets
  double nfit = 0;            ///< targets times redshifts that it fitted in scans
  double busy = 0, idle = 0;  ///< seconds of rebinning, scans and refinement, at work and not
  double planned = 0, peak = 0;  ///< bytes
};

struct RedshiftReport {
  ExitCode code = ExitCode::success;
  std::size_t ntarget = 0, nwarned = 0, nnodata = 0;  ///< on the root: all, with ZWARN, without data
  std::vector<Timing> timing;
  std::vector<RankReport> ranks;  ///< [nrank]
  double seconds = 0;

  /// What plans predict: seconds of the rank that took longest.
  double scan_and_refine() const;
};

/// What the stage is told beside its configuration.
struct RedshiftOptions {
  terminal::Progress::Style progress;
  std::optional<config::MachineConfig> machine;  ///< for plans; this one if there is none
  /// Where runs one after the other leave the templates for the next; none: each reads them.
  std::shared_ptr<std::optional<TemplateSet>> templates;
  int node_size = 0;  ///< ranks that count as one node, for tests; 0: as they are

  /// The ranks of this rank's node. Collective.
  comm::Communicator node_of(const comm::Communicator& world) const {
    return node_size > 0 ? world.split(world.rank() / node_size) : world.split_by_node();
  }
};

/// The files that a run writes, the most precious first.
std::vector<std::string> outputs_of(const config::RedshiftConfig& config);

/// How ranks use GPUs with the strategy of a configuration.
GpuWish gpu_wish(const config::RedshiftConfig& config);

class RedshiftStage {
 public:
  /// \param out, err  what is told to the user; used by the root
  RedshiftStage(const comm::Communicator& world, config::RedshiftConfig config, config::JobConfig job,
                Provenance provenance, std::ostream& out, std::ostream& err, RedshiftOptions options = {});

  /// Reads tables and templates, no spectra. \throws AgreedError. Collective.
  RedshiftPlan plan() const;
  /// Prints the plan. \throws AgreedError. Collective.
  void print(const RedshiftPlan& plan) const;
  /// Does it. \throws AgreedError. Collective.
  RedshiftReport execute(const RedshiftPlan& plan) const;

 private:
  /// The strategy of the configuration or, for AUTO, the best of all; its memory.
  void choose_strategy(RedshiftPlan& plan, bool compare) const;
  /// Tells the user; on the root.
  void warn(const std::vector<std::string>& warnings) const;

  const comm::Communicator& world_;
  config::RedshiftConfig config_;
  config::JobConfig job_;
  Provenance provenance_;
  std::ostream& out_;
  std::ostream& err_;
  RedshiftOptions options_;
};

/// A stage for each of the configuration's runs (runs_of()): where results go into folders, one an input. An input that can't
/// be used, or a result that can't be written, is told, and the others go on. Collective.
/// \return the first failure's code
ExitCode run_redshifts(const comm::Communicator& world, const config::RedshiftConfig& config,
                       const config::JobConfig& job, const Provenance& provenance, std::ostream& out, std::ostream& err,
                       RedshiftOptions options);

/// plan, then print or execute and report. Collective; the same code on all ranks.
ExitCode run_redshift(const RedshiftStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                      std::ostream& out);

}  // namespace zspex::pipeline
