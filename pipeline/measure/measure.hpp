/// \file
/// The job `zspex measure`: how fast this machine is at what zspex does, as a table, and as a description for plans.
#pragma once

#include <iosfwd>

#include "config/job_config.hpp"
#include "config/machine_config.hpp"
#include "config/measure_config.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/measure/ranks.hpp"
#include "pipeline/measure/table.hpp"

namespace zspex::pipeline {

/// What the job is told beside its configuration.
struct MeasureOptions {
  Roles roles;
  Screen screen;
  double start_seconds = 0;  ///< of the program before the job
  measure::Sizes sizes;
};

/// How ranks use GPUs while they are measured: all do, where all see one, so that sharing can be measured. Collective.
GpuRequest gpu_request_of_measure(const comm::Communicator& world, bool gpu_program);

/// Measures one family of yardsticks after the other, and tells of each on `out` when it is done. Writes the machine's
/// file, if that is asked for. Collective.
/// \return the description, on the root
/// \throws AgreedError when a file can't be written
config::MachineConfig run_measure(const comm::Communicator& world, const config::MeasureConfig& config,
                                  const config::JobConfig& job, const MeasureOptions& options, std::ostream& out,
                                  std::ostream& err);

}  // namespace zspex::pipeline
