/// \file
/// What every job can be told.
#pragma once

namespace zspex::config {

/// What every job knows.
enum class ProgressShow { automatic, bar, lines, none };
struct JobConfig {
  bool dry_run = false, resume = false;
  int verbosity = 0;  ///< -1 quiet, 0 normal, 1 verbose
  ProgressShow progress = ProgressShow::automatic;
};

}  // namespace zspex::config
