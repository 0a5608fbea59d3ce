/// \file
/// Several runs of `zspex redshift` in one job: groups of ranks take them in turns.
#pragma once

#include <iosfwd>
#include <vector>

#include "config/job_config.hpp"
#include "config/redshift_config.hpp"
#include "core/error.hpp"
#include "core/provenance.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/plan.hpp"

namespace zspex::pipeline {

/// Does the runs, the longest first, each by one group of ranks; templates are read and rates are measured once. A run that fails is
/// told, and the others go on. One run alone is done by all ranks, and what it throws goes on.
/// \param runs     runs_of() a configuration; not empty
/// \param options  with the roles of all ranks, or none
/// \return overall_code() (pipeline/outcome.hpp). \throws AgreedError what ends the job: templates that can't be read. Collective.
ExitCode run_redshifts(const comm::Communicator& world, const std::vector<config::RedshiftConfig>& runs,
                       const config::JobConfig& job, const Provenance& provenance, std::ostream& out, std::ostream& err,
                       RedshiftOptions options);

}  // namespace zspex::pipeline
