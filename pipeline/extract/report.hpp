/// \file
/// What became of each frame, and of all of them together.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/frame.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/outcome.hpp"
#include "pipeline/roles.hpp"

namespace zspex::pipeline {

/// One frame, as the root of its group saw it.
struct FrameOutcome {
  std::uint64_t index = 0;  ///< FrameFiles'
  std::string name, input, output;
  std::string choices;  ///< FrameJob's
  ExitCode code = ExitCode::success;
  std::string message;  ///< why it failed
  std::vector<std::string> warnings;
  int npatch = 0, nretried = 0, nfailed = 0;  ///< patches of the solver
  std::uint64_t nspec = 0, nwave = 0;
  std::uint64_t nbin_bad = 0;   ///< bins without information: ivar 0
  int nbad_fiber = 0;           ///< fibers with a faulty trace
  std::int64_t nbad_pixel = 0;  ///< pixels left out: absurd_pixels.hpp
  double seconds = 0;           ///< from the first block to the gathered spectra
  int group = 0;                ///< of ranks, that did it
  std::string host;             ///< of its first rank
};
template <class Archive>
void fields(Archive& archive, FrameOutcome& outcome) {
  archive(outcome.index, outcome.name, outcome.input, outcome.output, outcome.choices, outcome.code, outcome.message,
          outcome.warnings);
  archive(outcome.npatch, outcome.nretried, outcome.nfailed, outcome.nspec, outcome.nwave, outcome.nbin_bad,
          outcome.nbad_fiber, outcome.nbad_pixel, outcome.seconds, outcome.group, outcome.host);
}

/// What a rank did. Plain numbers: travels as it is.
struct WorkerReport {
  Role role;
  std::int64_t nblock = 0;    ///< blocks that it extracted
  double busy = 0, idle = 0;  ///< seconds in the extraction of frames, at work and not
};

struct ExtractReport {
  std::vector<FrameOutcome>
      frames;  ///< those that were begun, in the order of the configuration; on the world's root only
  std::vector<WorkerReport> ranks;  ///< [nrank]
  std::vector<Timing> timing;
  double seconds = 0;
  ExitCode code = ExitCode::success;  ///< on all ranks
};

/// Those of all frames, in the order of the configuration: begun, kept, and refused by the plan. On the world's root.
std::vector<RunOutcome> all_outcomes(const ExtractPlan& plan, const ExtractReport& report);

/// Counts, those that failed, and the table of timings; with each rank's part if `by_rank`.
void print_report(const ExtractPlan& plan, const ExtractReport& report, bool by_rank, std::ostream& out);

/// "r0-00051060: 500 spectra x 2326 bins, 12 patches failed, 3.4 s -> frame.h5"
std::string describe_outcome(const FrameOutcome& outcome);

}  // namespace zspex::pipeline
