#include "pipeline/outcome.hpp"

#include <algorithm>

#include "core/csv.hpp"
#include "core/format.hpp"
#include "pipeline/comm/agree.hpp"

namespace zspex::pipeline {
namespace {

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char letter) { return letter == '\n' || letter == '\r'; }, ' ');
  return text;
}

const char* status_name(RunOutcome::Status status) {
  switch (status) {
    case RunOutcome::Status::done:
      return "done";
    case RunOutcome::Status::kept:
      return "kept";
    default:
      return "failed";
  }
}

}  // namespace

ExitCode overall_code(std::span<const ExitCode> codes) {
  const auto failed = [](ExitCode code) { return code != ExitCode::success; };
  const auto first = std::find_if(codes.begin(), codes.end(), failed);
  if (first == codes.end()) return ExitCode::success;
  return std::all_of(codes.begin(), codes.end(), failed) ? *first : ExitCode::partial;
}

ExitCode overall_code(const std::vector<RunOutcome>& runs) {
  std::vector<ExitCode> codes;
  for (const RunOutcome& run : runs) codes.push_back(run.code);
  return overall_code(codes);
}

std::string describe_failure(const RunOutcome& run) {
  return run.input + " -> " + run.output + ": " + one_line(run.reason);
}

void prepare_report(const comm::Communicator& world, const std::string& path, bool make, io::OutputFolders& folders) {
  comm::agree(world, "", [&] {
    if (path.empty() || !world.is_root()) return;
    io::check_output(path);
    if (make) folders.make_for(path);
  });
}

std::string to_csv(const std::vector<RunOutcome>& runs) {
  std::string table = "number,input,output,status,exit_code,spectra,warned,seconds,group,host,reason\n";
  for (const RunOutcome& run : runs)
    table += fmt::format("{},{},{},{},{},{},{},{:.3f},{},{},{}\n", run.index + 1, csv_field(run.input),
                         csv_field(run.output), status_name(run.status), static_cast<int>(run.code), run.nspec,
                         run.nwarned, run.seconds, run.group, csv_field(run.host), csv_field(one_line(run.reason)));
  return table;
}

}  // namespace zspex::pipeline
