#include "pipeline/redshift/redshift.hpp"

#include <cstdio>
#include <filesystem>
#include <ostream>

#include "io/output.hpp"
#include "kernels/extract/extract.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

std::vector<std::string> outputs_of(const config::RedshiftConfig& config) {
  std::vector<std::string> outputs;
  for (const auto* path : {&config.output, &config.details, &config.model})
    if (!path->empty()) outputs.push_back(*path);
  return outputs;
}

/// Whether all outputs are there. \throws FileError when one can't be written, or must not be overwritten
bool check_outputs(const config::RedshiftConfig& config, bool resume) {
  std::size_t there = 0;
  const auto outputs = outputs_of(config);
  for (const std::string& path : outputs) {
    io::check_output(path);
    const bool exists = std::filesystem::exists(path);
    there += exists;
    if (exists && !resume && !config.overwrite)
      throw FileError(path, "",
                      "expected no such file (--no-overwrite), found one. Remove it, or choose another output.",
                      ExitCode::output);
  }
  return resume && there == outputs.size();
}

std::string count_of(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

RedshiftStage::RedshiftStage(const comm::Communicator& world, config::RedshiftConfig config, config::JobConfig job,
                             io::Provenance provenance, std::ostream& out, std::ostream& err,
                             terminal::Progress::Mode progress)
    : world_(world),
      config_(std::move(config)),
      job_(job),
      provenance_(std::move(provenance)),
      out_(out),
      err_(err),
      progress_(progress) {}

RedshiftPlan RedshiftStage::plan() const {
  RedshiftPlan plan;
  plan.already_done = comm::share(world_, [&] { return check_outputs(config_, job_.resume); });
  if (plan.already_done) return plan;
  plan.targets = comm::share(world_, [&] { return list_targets(config_); });
  plan.templates = share_templates(world_, config_, plan.warnings);
  warn(plan.warnings);
  return plan;
}

void RedshiftStage::warn(const std::vector<std::string>& warnings) const {
  if (!world_.is_root()) return;
  for (const std::string& warning : warnings) err_ << "zspex redshift: warning: " << warning << "\n";
}

void RedshiftStage::print(const RedshiftPlan& plan) const {
  if (!world_.is_root()) return;
  std::size_t nrow = 0, npixel = 0, bytes = 0;
  for (const auto& places : plan.targets.places) nrow += places.size();
  for (const auto& band : plan.targets.bands) {
    npixel += band.wave.size();
    bytes += band.wave.size() * (static_cast<std::size_t>(band.ndiag) * sizeof(float) + 2 * sizeof(double));
  }
  out_ << "redshift: " << count_of(plan.targets.size(), "target") << ", " << nrow << " spectra a band, "
       << count_of(plan.targets.bands.size(), "band") << " (" << npixel << " pixels), "
       << count_of(plan.templates.templates.size(), "template") << ", " << count_of(world_.size(), "rank") << ", "
       << kernels::kokkos_description() << "\n";
  for (const auto& tmpl : plan.templates.templates) {
    char line[160];
    std::snprintf(line, sizeof line, "  %-14s %2d basis vectors, %6zu redshifts from %.4f to %.4f\n",
                  tmpl.full_type().c_str(), tmpl.nbasis(), tmpl.redshifts.size(), tmpl.redshifts.front(),
                  tmpl.redshifts.back());
    out_ << line;
  }
  const auto dealt = deal_targets(plan.targets, world_.size());
  const std::size_t most = dealt.front().size();
  out_ << "  " << count_of(most, "target") << " on the fullest rank: " << (most * bytes >> 20) << " MiB of spectra\n";
  for (const std::string& path : outputs_of(config_)) out_ << "  -> " << path << "\n";
}

ExitCode run_redshift(const RedshiftStage& stage, const comm::Communicator& world, const config::JobConfig& job,
                      std::ostream& out) {
  const RedshiftPlan plan = stage.plan();
  const bool talk = world.is_root() && job.verbosity >= 0;
  if (plan.already_done) {
    if (talk) out << "redshift: all outputs are there already\n";
    return ExitCode::success;
  }
  if (job.dry_run || job.verbosity > 0) stage.print(plan);
  if (job.dry_run) return ExitCode::success;
  const RedshiftReport report = stage.execute(plan);
  if (talk) {
    char line[160];
    std::snprintf(line, sizeof line, "redshift: %zu targets in %.2f s, %zu with warnings, %zu without data\n",
                  report.ntarget, report.seconds, report.nwarned, report.nnodata);
    out << line;
    print_timing(report.timing, out);
  }
  return report.code;
}

}  // namespace zspex::pipeline
