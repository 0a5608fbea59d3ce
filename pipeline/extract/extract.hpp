/// \file
/// The stage `zspex extract`: CCD frames to spectra, over all ranks.
#pragma once

#include <iosfwd>
#include <optional>
#include <vector>

#include "config/extract_config.hpp"
#include "config/job_config.hpp"
#include "io/frame.hpp"
#include "io/output.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/extract/frame_runner.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/extract/report.hpp"
#include "pipeline/rank_groups.hpp"
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
  /// Looks whether the table that extract.report names can be written. \throws AgreedError. Collective.
  void prepare_report(io::OutputFolders& folders) const;
  /// Prints the plan, and in a dry run which frames it refuses. \return overall_code(). Collective.
  ExitCode print(const ExtractPlan& plan) const;
  /// Does it. A frame that fails is told to the user; the others go on. Collective.
  ExtractReport execute(const ExtractPlan& plan) const;
  /// Tells how it went, also in the table that extract.report names. \return overall_code() of all frames. Collective.
  ExitCode tell(const ExtractPlan& plan, const ExtractReport& report) const;

 private:
  void tell_refused(const ExtractPlan& plan) const;
  comm::Communicator split_nodes() const;
  std::vector<int> nodes_of_ranks() const;
  /// Who takes which frames.
  struct Grouping {
    std::vector<int> of_rank;  ///< its group
    Shares shares;             ///< of plan.frames
  };
  Grouping group_frames(const ExtractPlan& plan) const;

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
