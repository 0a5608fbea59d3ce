#include "pipeline/extract/report.hpp"

#include <algorithm>
#include <ostream>

#include "core/format.hpp"
#include "pipeline/outcome.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

std::string counted(long long n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : (std::string(what).ends_with("ch") ? "es" : "s"));
}

}  // namespace

std::vector<RunOutcome> all_outcomes(const ExtractPlan& plan, const ExtractReport& report) {
  std::vector<RunOutcome> all = plan.failed;
  for (const FrameFiles& files : plan.kept)
    all.push_back({files.index, files.input, files.output, RunOutcome::Status::kept, ExitCode::success, ""});
  for (const FrameOutcome& frame : report.frames) {
    const bool done = frame.code == ExitCode::success;
    RunOutcome& run = all.emplace_back(RunOutcome{frame.index, frame.input, frame.output,
                                                  done ? RunOutcome::Status::done : RunOutcome::Status::failed,
                                                  frame.code, frame.message});
    run.nspec = frame.nspec;
    run.seconds = frame.seconds;
    run.group = frame.group;
    run.host = frame.host;
  }
  std::sort(all.begin(), all.end(), [](const RunOutcome& a, const RunOutcome& b) { return a.index < b.index; });
  return all;
}

std::string describe_outcome(const FrameOutcome& outcome) {
  if (outcome.code != ExitCode::success) return (outcome.name.empty() ? outcome.input : outcome.name) + ": failed";
  std::string line = fmt::format("{}: {} spectra x {} bins, {}", outcome.name, outcome.nspec, outcome.nwave,
                                 counted(outcome.npatch, "patch"));
  if (outcome.nretried > 0) line += fmt::format(", {} retried", outcome.nretried);
  if (outcome.nfailed > 0) line += fmt::format(", {} failed (BAD2DFIT)", outcome.nfailed);
  if (outcome.nbad_fiber > 0)
    line += fmt::format(", {} without a usable trace (BADFIBER)", counted(outcome.nbad_fiber, "fiber"));
  if (outcome.nbad_pixel > 0) line += fmt::format(", {} left out", counted(outcome.nbad_pixel, "absurd pixel"));
  if (outcome.nbin_bad > 0)
    line += fmt::format(", {:.3g} % of the bins without data", 100.0 * static_cast<double>(outcome.nbin_bad) /
                                                                   static_cast<double>(outcome.nspec * outcome.nwave));
  return fmt::format("{}, {} -> {}", line, format_duration(outcome.seconds), outcome.output);
}

void print_report(const ExtractPlan& plan, const ExtractReport& report, bool by_rank, std::ostream& out) {
  const std::vector<RunOutcome> all = all_outcomes(plan, report);
  const auto written = std::count_if(all.begin(), all.end(),
                                     [](const RunOutcome& run) { return run.status == RunOutcome::Status::done; });
  out << fmt::format("extract: {} of {} frames written in {}{}\n", written, all.size(), format_duration(report.seconds),
                     plan.kept.empty() ? "" : fmt::format(", {} were there already", plan.kept.size()));
  for (const RunOutcome& run : all)
    if (run.status == RunOutcome::Status::failed) out << "  failed: " << describe_failure(run) << "\n";
  print_timing(report.timing, out);
  if (!by_rank) return;
  out << "  rank node  GPU    blocks   busy s   idle s\n";
  for (std::size_t i = 0; i < report.ranks.size(); ++i) {
    const WorkerReport& rank = report.ranks[i];
    out << fmt::format("  {:4} {:4} {:>4} {:8} {:>8.2f} {:>8.2f}\n", i, rank.role.node, gpu_text(rank.role),
                       rank.nblock, rank.busy, rank.idle);
  }
}

}  // namespace zspex::pipeline
