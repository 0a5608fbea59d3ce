/// \file
/// What every job can be told.
#pragma once

namespace zspex::config {

/// A bar that is rewritten, whole lines, or none; automatic: a bar on a terminal, else lines.
enum class ProgressShow { automatic, bar, lines, none };

/// Section `job`.
struct JobConfig {
  bool dry_run = false, resume = false;
  int verbosity = 0;  ///< -1 quiet, 0 normal, 1 verbose
  ProgressShow progress = ProgressShow::automatic;
};

}  // namespace zspex::config
