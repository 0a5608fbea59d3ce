#include "pipeline/extract/report.hpp"

#include <cstdio>
#include <ostream>

#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

std::string counted(long long n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : (std::string(what).ends_with("ch") ? "es" : "s"));
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
  char text[64];
  std::snprintf(text, sizeof text, ", %.2f s", outcome.seconds);
  std::string line = outcome.name + ": " + std::to_string(outcome.nspec) + " spectra x " +
                     std::to_string(outcome.nwave) + " bins, " + counted(outcome.npatch, "patch");
  if (outcome.nretried > 0) line += ", " + std::to_string(outcome.nretried) + " retried";
  if (outcome.nfailed > 0) line += ", " + std::to_string(outcome.nfailed) + " failed (BAD2DFIT)";
  if (outcome.nbad_fiber > 0)
    line += ", " + counted(outcome.nbad_fiber, "fiber") + " without a usable trace (BADFIBER)";
  if (outcome.nbad_pixel > 0) line += ", " + counted(outcome.nbad_pixel, "absurd pixel") + " left out";
  if (outcome.nbin_bad > 0) {
    char percent[64];
    std::snprintf(percent, sizeof percent, ", %.3g %% of the bins without data",
                  100.0 * static_cast<double>(outcome.nbin_bad) / static_cast<double>(outcome.nspec * outcome.nwave));
    line += percent;
  }
  return line + text + " -> " + outcome.output;
}

void print_report(const ExtractReport& report, bool by_rank, std::ostream& out) {
  std::size_t written = 0;
  for (const FrameOutcome& frame : report.frames) written += frame.code == ExitCode::success;
  char line[128];
  std::snprintf(line, sizeof line, "extract: %zu of %zu frames written in %.2f s\n", written, report.frames.size(),
                report.seconds);
  out << line;
  for (const FrameOutcome& frame : report.frames) {
    if (frame.code != ExitCode::success) out << "  failed: " << frame.input << "\n";
  }
  print_timing(report.timing, out);
  if (!by_rank) return;
  out << "  rank node  GPU    blocks   busy s   idle s\n";
  for (std::size_t i = 0; i < report.ranks.size(); ++i) {
    const WorkerReport& rank = report.ranks[i];
    std::snprintf(line, sizeof line, "  %4zu %4d %4s %8lld %8.2f %8.2f\n", i, rank.role.node,
                  gpu_text(rank.role).c_str(), static_cast<long long>(rank.nblock), rank.busy, rank.idle);
    out << line;
  }
}

}  // namespace zspex::pipeline
