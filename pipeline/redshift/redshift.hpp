/// \file
/// The stage `zspex redshift`: spectra of targets to redshifts, over all ranks.
#pragma once

#include <iosfwd>

#include "config/job_config.hpp"
#include "config/redshift_config.hpp"
#include "core/error.hpp"
#include "core/provenance.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/plan.hpp"
#include "pipeline/redshift/report.hpp"

namespace zspex::pipeline {

class RedshiftStage {
 public:
  /// \param out, err  what is told to the user; used by the root
  RedshiftStage(const comm::Communicator& world, config::RedshiftConfig config, config::JobConfig job,
                Provenance provenance, std::ostream& out, std::ostream& err, RedshiftOptions options = {});

  /// Reads tables and templates, no spectra. \throws AgreedError. Collective.
  RedshiftPlan plan() const;
  /// Prints the plan. \throws AgreedError. Collective.
  void print(const RedshiftPlan& plan) const;
  /// Writes the configuration's plan_table, if it has one. \throws AgreedError. Collective.
  void write_plans(const RedshiftPlan& plan) const;
  /// Does it. \throws AgreedError. Collective.
  RedshiftReport execute(const RedshiftPlan& plan) const;

 private:
  const comm::Communicator& world_;
  config::RedshiftConfig config_;
  config::JobConfig job_;
  Provenance provenance_;
  std::ostream& out_;
  std::ostream& err_;
  RedshiftOptions options_;
};

/// plan, then print or execute, and tell how it went. Collective. \throws AgreedError
RedshiftReport run_redshift(const RedshiftStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                            std::ostream& out);

}  // namespace zspex::pipeline
