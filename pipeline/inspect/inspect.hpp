/// \file
/// The job `zspex inspect`: what is in a file, for people.
#pragma once

#include <iosfwd>

#include "config/inspect_config.hpp"
#include "config/job_config.hpp"
#include "pipeline/inspect/screen.hpp"

namespace zspex::pipeline {

/// Prints sizes, provenance, timings and statistics of a file, and draws spectrum config.row if that is asked for; of a
/// redshift file that row's minima and, where the file has it, the scan.
/// With job.verbosity > 0 also the resolved configuration that the file keeps; below 0 the picture alone.
/// \throws FileError when the file can't be read or has no such frame or row; ConfigError when it holds no spectra to
/// draw
void run_inspect(const config::InspectConfig& config, const config::JobConfig& job, const Screen& screen,
                 std::ostream& out);

}  // namespace zspex::pipeline
