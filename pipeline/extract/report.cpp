#include "pipeline/extract/report.hpp"

#include <ostream>

#include "core/format.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

std::string counted(long long n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : (std::string(what).ends_with("ch") ? "es" : "s"));
}

}  // namespace

ExitCode overall_code(const std::vector<FrameOutcome>& frames) {
  std::size_t failed = 0;
  ExitCode first = ExitCode::success;
  for (const FrameOutcome& frame : frames) {
    if (frame.code == ExitCode::success) continue;
    if (failed++ == 0) first = frame.code;
  }
  return failed == frames.size() ? first : failed > 0 ? ExitCode::partial : ExitCode::success;
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

void print_report(const ExtractReport& report, bool by_rank, std::ostream& out) {
  std::size_t written = 0;
  for (const FrameOutcome& frame : report.frames) written += frame.code == ExitCode::success;
  out << fmt::format("extract: {} of {} frames written in {}\n", written, report.frames.size(),
                     format_duration(report.seconds));
  for (const FrameOutcome& frame : report.frames) {
    if (frame.code != ExitCode::success) out << "  failed: " << frame.input << "\n";
  }
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
