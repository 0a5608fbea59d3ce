#include <ostream>

#include "config/redshift_files.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/redshift.hpp"

namespace zspex::pipeline {

ExitCode run_redshifts(const comm::Communicator& world, const config::RedshiftConfig& config,
                       const config::JobConfig& job, const Provenance& provenance, std::ostream& out, std::ostream& err,
                       RedshiftOptions options) {
  std::vector<config::RedshiftConfig> runs;
  comm::agree(world, "", [&] { runs = config::runs_of(config); });
  const auto run = [&](const config::RedshiftConfig& one) {
    return run_redshift(RedshiftStage(world, one, job, provenance, out, err, options), world, job, out);
  };
  if (runs.size() == 1) return run(runs.front());

  options.templates = std::make_shared<std::optional<TemplateSet>>();
  ExitCode code = ExitCode::success;
  std::size_t nfailed = 0;
  for (const config::RedshiftConfig& one : runs) {
    const bool is_root = world.is_root();
    if (is_root && job.verbosity >= 0) out << one.input.front() << "\n";
    ExitCode result = ExitCode::success;
    try {
      result = run(one);
    } catch (const comm::AgreedError& error) {
      if (error.code() != ExitCode::input && error.code() != ExitCode::output) throw;
      if (is_root) err << "zspex redshift: error: " << error.what() << "\n";
      result = error.code();
    }
    nfailed += result != ExitCode::success;
    if (code == ExitCode::success) code = result;
  }
  if (world.is_root() && nfailed > 0)
    err << "zspex redshift: " << nfailed << " of " << runs.size() << " files failed; the others are done\n";
  return code;
}

}  // namespace zspex::pipeline
