/// \file
/// What became of each run of a job, and of all of them together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "io/output.hpp"
#include "pipeline/comm/bytes.hpp"
#include "pipeline/comm/communicator.hpp"

namespace zspex::pipeline {

/// One run: a frame, or the files whose redshifts go into one output.
struct RunOutcome {
  enum class Status { done, kept, failed };

  std::uint64_t index = 0;  ///< among all runs, of which a job may do a part
  std::string input, output;
  Status status = Status::done;
  ExitCode code = ExitCode::success;
  std::string reason = {};               ///< why it failed
  std::uint64_t nspec = 0, nwarned = 0;  ///< spectra or targets; those of them with ZWARN
  double seconds = 0;
  int group = 0;          ///< of ranks, that did it
  std::string host = {};  ///< of its first rank
};
template <class Archive>
void fields(Archive& archive, RunOutcome& run) {
  archive(run.index, run.input, run.output, run.status, run.code, run.reason, run.nspec, run.nwarned, run.seconds,
          run.group, run.host);
}

/// Success if all went well, the first failure's code if all failed, `partial` if only some did.
ExitCode overall_code(std::span<const ExitCode> codes);
ExitCode overall_code(const std::vector<RunOutcome>& runs);

/// Those of all ranks onto the root, by their index; nothing elsewhere. Collective.
template <class Outcome>
std::vector<Outcome> gather_outcomes(const comm::Communicator& world, const std::vector<Outcome>& mine) {
  const comm::Lists lists = comm::gather_lists(world, comm::to_bytes(mine));
  std::vector<Outcome> all;
  for (int rank = 0; world.is_root() && rank < world.size(); ++rank)
    for (Outcome& one : comm::from_bytes<std::vector<Outcome>>(lists.values_of<std::byte>(rank)))
      all.push_back(std::move(one));
  std::sort(all.begin(), all.end(), [](const Outcome& a, const Outcome& b) { return a.index < b.index; });
  return all;
}

/// "coadd-1.fits -> redrock-1.fits: expected ..., found ...": what failed and why, on one line.
std::string describe_failure(const RunOutcome& run);

/// Looks, before there is something to tell, whether the table of a job's runs can be written, and makes its folder.
/// \param path  of the table; empty: none is wanted
/// \param make  whether its folder is made, or only looked for
/// \throws AgreedError (exit code `output`). Collective.
void prepare_report(const comm::Communicator& world, const std::string& path, bool make, io::OutputFolders& folders);

/// A table (CSV) with a row, of one line, for each run: number, input, output, status, exit_code, spectra, warned, seconds, group, host,
/// reason.
std::string to_csv(const std::vector<RunOutcome>& runs);

}  // namespace zspex::pipeline
