// The program: reads the command line, starts MPI and Kokkos, runs a job, and turns each kind of error into its exit
// code.
#include <mpi.h>
#include <unistd.h>

#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include "config/command_line.hpp"
#include "core/format.hpp"
#include "io/output.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/extract/extract.hpp"
#include "pipeline/inspect/inspect.hpp"
#include "pipeline/interrupt.hpp"
#include "pipeline/last_words.hpp"
#include "pipeline/measure/measure.hpp"
#include "pipeline/provenance.hpp"
#include "pipeline/redshift/plan_many.hpp"
#include "pipeline/redshift/runs.hpp"
#include "pipeline/roles.hpp"
#include "pipeline/share_files.hpp"
#include "pipeline/terminal/screen.hpp"
#include "simulate/simulate.hpp"

namespace {

using namespace zspex;

const Stopwatch since_start;  // NOLINT: begins before main

/// What the ranks are to a job, and Kokkos on this one's GPU, or on the CPU alone.
class RankContext {
 public:
  RankContext(const comm::Communicator& world, const pipeline::GpuRequest& request, bool verbose)
      : roles_(pipeline::assign_roles(world, world.split_by_node(), request, pipeline::see_gpus(),
                                      kernels::needs_device())),
        role_(roles_.ranks[static_cast<std::size_t>(world.rank())]),
        kokkos_(backend(), role_.device, !verbose) {}

  const pipeline::Roles& roles() const { return roles_; }
  const pipeline::Role& role() const { return role_; }
  kernels::BackendKind backend() const {
    return role_.on_gpu ? kernels::BackendKind::device : kernels::BackendKind::host;
  }

 private:
  pipeline::Roles roles_;
  pipeline::Role role_;
  kernels::KokkosSession kokkos_;
};

std::string describe_solver(const config::ExtractConfig& config) {
  return fmt::format("{} solver, {} decorrelation", config.solver == config::Solver::patch ? "patch" : "bundle",
                     config.decorrelation == config::Decorrelation::signal ? "signal" : "noise");
}

ExitCode extract(const comm::Communicator& world, const config::CommandLine& line, int argc, char** argv) {
  pipeline::GpuRequest request;
  comm::agree(world, "", [&] { request = pipeline::gpu_request(line.extract, kernels::needs_device()); });
  const RankContext context(world, request, line.common.verbosity > 0);
  auto provenance =
      pipeline::make_provenance(argc, argv, line.resolved_yaml, describe_solver(line.extract), world, context.roles());
  pipeline::ExtractOptions options;
  options.role = context.role();
  options.worker.make_extractor = pipeline::kernel_extractors(context.backend());
  options.worker.capacity = context.role().on_gpu ? line.extract.gpu_capacity : 1;
  options.worker.gpu_memory = context.role().on_gpu ? kernels::device_memory().total : 0;
  options.progress = terminal::progress_style(line.common.progress, STDOUT_FILENO);
  const pipeline::ExtractStage stage(world, line.extract, line.common, std::move(provenance), std::cout, std::cerr,
                                     options);
  return pipeline::run_extract(stage, world, line.common, std::cout);
}

ExitCode redshift(const comm::Communicator& world, const config::CommandLine& line, int argc, char** argv) {
  const auto& config = line.redshift;
  pipeline::GpuRequest request;
  const bool elsewhere = line.common.dry_run && line.machine;  // its ranks and GPUs count, not these
  comm::agree(world, "", [&] {
    if (!elsewhere) request = pipeline::gpu_request(config);
  });
  const RankContext context(world, request, line.common.verbosity > 0);
  auto provenance = pipeline::make_provenance(argc, argv, line.resolved_yaml, "", world, context.roles());
  pipeline::RedshiftOptions options;
  options.roles = context.roles();
  options.progress = terminal::progress_style(line.common.progress, STDOUT_FILENO);
  options.machine = line.machine;
  options.start_seconds = since_start.seconds();
  if (config.plans_many()) {
    pipeline::plan_many(world, config, line.common, options, std::cout, std::cerr);
    return ExitCode::success;
  }
  return pipeline::run_redshifts(world, line.redshift_runs, line.common, provenance, std::cout, std::cerr,
                                 std::move(options));
}

ExitCode simulate(const comm::Communicator& world, const config::CommandLine& line) {
  const RankContext context(world, {}, line.common.verbosity > 0);  // the CPU does
  io::OutputFolders folders;
  comm::agree(world, "", [&] {
    simulate::run_simulate(line.simulate, line.common, {world.rank(), world.size()}, folders, std::cout);
  });
  return ExitCode::success;
}

ExitCode inspect(const comm::Communicator& world, const config::CommandLine& line) {
  comm::agree(world, "", [&] {
    if (world.is_root()) pipeline::run_inspect(line.inspect, line.common, pipeline::screen_of_output(), std::cout);
  });
  return ExitCode::success;
}

ExitCode measure(const comm::Communicator& world, const config::CommandLine& line) {
  pipeline::MeasureOptions options;
  options.start_seconds = since_start.seconds();
  const RankContext context(world, pipeline::gpu_request_of_measure(world, kernels::needs_device()),
                            line.common.verbosity > 0);
  options.roles = context.roles();
  options.screen = pipeline::screen_of_output();
  pipeline::run_measure(world, line.measure, line.common, options, std::cout, std::cerr);
  return ExitCode::success;
}

ExitCode run(const comm::Communicator& world, int argc, char** argv) {
  std::optional<config::CommandLine> line;
  for (const bool root : {true, false})  // it checks, and only if all is well are the others asked
    comm::agree(world, "", [&] {
      if (world.is_root() == root) line = config::parse_command_line(argc, argv, root);
    });
  pipeline::share_files(world, *line);
  if (world.is_root() && line->common.verbosity >= 0) {
    for (const std::string& note : line->notes) std::cerr << "zspex: note: " << note << std::endl;
  }
  switch (line->job) {
    case config::Job::extract:
      return extract(world, *line, argc, argv);
    case config::Job::redshift:
      return redshift(world, *line, argc, argv);
    case config::Job::simulate:
      return simulate(world, *line);
    case config::Job::inspect:
      return inspect(world, *line);
    case config::Job::measure:
      return measure(world, *line);
    case config::Job::help:
      if (world.is_root()) std::cout << line->text;
      break;
    case config::Job::version:
      if (world.is_root())
        std::cout << line->text << "revision " << pipeline::program_revision() << "\n"
                  << kernels::kokkos_description() << "\n";
      break;
  }
  return ExitCode::success;
}

/// Runs the job; what all ranks know is told by one of them, anything else by the rank that it happened to.
ExitCode run_and_tell(const comm::Communicator& world, int argc, char** argv) {
  try {
    return run(world, argc, argv);
  } catch (const comm::AgreedError& error) {
    if (world.is_root()) std::cerr << "zspex: " << error.what() << std::endl;
    return error.code();
  } catch (...) {
    ExitCode code = ExitCode::internal;
    std::string message;
    try {
      const auto failure = comm::describe(std::current_exception());
      code = failure.code;
      message = failure.message;
    } catch (const CommError& error) {
      code = error.code();
      message = error.what();
    }
    std::cerr << "zspex: ";
    if (world.size() > 1) std::cerr << "rank " << world.rank() << ": ";
    std::cerr << message << std::endl;
    if (world.size() > 1) world.abort(code);  // the others wait for this rank, and would for ever
    return code;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const pipeline::InterruptWatch interrupt;
    const comm::MpiSession mpi(argc, argv);
    const auto world = comm::Communicator::duplicate(MPI_COMM_WORLD);
    pipeline::install_last_words(world.size() > 1 ? fmt::format("rank {}: ", world.rank()) : "");
    return static_cast<int>(run_and_tell(world, argc, argv));
  } catch (const Error& error) {
    std::cerr << "zspex: " << error.what() << std::endl;
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "zspex: unexpected error: " << error.what() << ". Please report it." << std::endl;
    return static_cast<int>(ExitCode::internal);
  }
}
