/// \file
/// The stage `zspex extract`: CCD frames to spectra, over all ranks.
#pragma once

#include <iosfwd>
#include <optional>

#include "config/extract_config.hpp"
#include "config/job_config.hpp"
#include "io/frame.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/extract/frame_runner.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/extract/report.hpp"
#include "pipeline/roles.hpp"
#include "pipeline/terminal/progress.hpp"

namespace zspex::pipeline {

/// How the stage is run; the defaults are what users get.
struct ExtractOptions {
  Worker worker;  ///< this rank
  Role role;
  /// Tests make nodes of so many ranks each; 0 = real nodes.
  int ranks_per_node = 0;
  terminal::Progress::Style progress;
};

class ExtractStage {
 public:
  /// \param provenance  of the job; inputs and the time of finishing are filled in for each frame
  /// \param out, err    what is told to the user; used by few ranks
  ExtractStage(const comm::Communicator& world, config::ExtractConfig config, config::JobConfig job,
               Provenance provenance, std::ostream& out, std::ostream& err, ExtractOptions options = {});

  /// What will be done. \throws AgreedError. Collective.
  ExtractPlan plan() const;
  /// Prints the plan. \return the code of the first frame that would fail. Collective.
  ExitCode print(const ExtractPlan& plan) const;
  /// Does it. A frame that fails is told to the user; the others go on. Collective.
  ExtractReport execute(const ExtractPlan& plan) const;

 private:
  comm::Communicator split_nodes() const;

  const comm::Communicator& world_;
  config::ExtractConfig config_;
  config::JobConfig job_;
  Provenance provenance_;
  std::ostream& out_;
  std::ostream& err_;
  ExtractOptions options_;
};

/// plan, then print or execute and report. Collective; the same code on all ranks.
ExitCode run_extract(const ExtractStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                     std::ostream& out);

}  // namespace zspex::pipeline
