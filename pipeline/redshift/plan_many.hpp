/// \file
/// Plans for many machines and sizes at once: how a study would come out.
#pragma once

#include <iosfwd>

#include "config/job_config.hpp"
#include "config/redshift_config.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/plan.hpp"

namespace zspex::pipeline {

/// Prints predictions of all strategies for all that the configuration's plan_ranks, plan_nodes and plan_targets name, and of
/// extraction for its plan_frames; writes them as its plan_table. The machine is the one of the options, or this one, which is
/// measured. Without input targets are invented. Collective. \throws AgreedError
void plan_many(const comm::Communicator& world, const config::RedshiftConfig& config, const config::JobConfig& job,
               const RedshiftOptions& options, std::ostream& out, std::ostream& err);

}  // namespace zspex::pipeline
