/// \file
/// The stage `zspex redshift`: spectra of targets to redshifts, over all ranks.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "config/extract_config.hpp"
#include "config/redshift_config.hpp"
#include "io/frame.hpp"
#include "io/redshifts.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/targets.hpp"
#include "pipeline/redshift/templates.hpp"
#include "pipeline/terminal/progress.hpp"

namespace zspex::pipeline {

/// What will be done. All ranks have the same.
struct RedshiftPlan {
  bool already_done = false;  ///< --resume, and all outputs are there
  TargetList targets;
  TemplateSet templates;
  std::vector<std::string> warnings;  ///< on the root
};

struct RedshiftReport {
  ExitCode code = ExitCode::success;
  std::size_t ntarget = 0, nwarned = 0, nnodata = 0;  ///< on the root: all, with ZWARN, without data
  std::vector<io::Timing> timing;
  double seconds = 0;
};

class RedshiftStage {
 public:
  /// \param out, err  what is told to the user; used by the root
  RedshiftStage(const comm::Communicator& world, config::RedshiftConfig config, config::JobConfig job,
                io::Provenance provenance, std::ostream& out, std::ostream& err,
                terminal::Progress::Mode progress = terminal::Progress::Mode::silent);

  /// Reads tables and templates, no spectra. \throws AgreedError. Collective.
  RedshiftPlan plan() const;
  /// Prints the plan. Collective.
  void print(const RedshiftPlan& plan) const;
  /// Does it. \throws AgreedError. Collective.
  RedshiftReport execute(const RedshiftPlan& plan) const;

 private:
  /// Tells the user; on the root.
  void warn(const std::vector<std::string>& warnings) const;

  const comm::Communicator& world_;
  config::RedshiftConfig config_;
  config::JobConfig job_;
  io::Provenance provenance_;
  std::ostream& out_;
  std::ostream& err_;
  terminal::Progress::Mode progress_;
};

/// plan, then print or execute and report. Collective; the same code on all ranks.
ExitCode run_redshift(const RedshiftStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                      std::ostream& out);

}  // namespace zspex::pipeline
