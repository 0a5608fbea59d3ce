#include "pipeline/redshift/runs.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <ostream>
#include <sstream>
#include <utility>

#include "core/format.hpp"
#include "core/host_name.hpp"
#include "io/output.hpp"
#include "io/spectra.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/background_thread.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/node_shared.hpp"
#include "pipeline/outcome.hpp"
#include "pipeline/rank_groups.hpp"
#include "pipeline/redshift/machine.hpp"
#include "pipeline/redshift/redshift.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

using Runs = std::vector<config::RedshiftConfig>;

/// Whether --resume will probably keep its outputs: looking into them is left to the group that takes the run.
bool may_be_kept(const config::RedshiftConfig& run, const config::JobConfig& job) {
  const auto outputs = outputs_of(run);
  return job.resume && std::all_of(outputs.begin(), outputs.end(), [](const std::string& path) {
           std::error_code error;
           return std::filesystem::exists(path, error);
         });
}

/// About what the runs take, by the bytes of their inputs. Collective.
std::vector<RunCost> costs_of(const comm::Communicator& world, const Runs& runs, const config::JobConfig& job) {
  // Of DESI's coadds of a petal (docs/performance.md). What counts is how runs differ, and how much many ranks can share.
  constexpr double work = 2e-7, alone = 2e-9;  // seconds a byte
  constexpr double overhead = 0.05;            // seconds a run
  const auto sizes = comm::share(world, [&] {
    std::vector<double> all;
    for (const auto& run : runs) {
      double& nbytes = all.emplace_back(0);
      if (may_be_kept(run, job)) continue;
      for (const std::string& path : run.input) nbytes += static_cast<double>(file_bytes(path));
    }
    return all;
  });
  std::vector<RunCost> costs;
  for (const double nbytes : sizes) costs.push_back({nbytes * work, 0, overhead + nbytes * alone, 0});
  return costs;
}

/// The ranks that this one works with.
struct Group {
  comm::Communicator ranks, node;  ///< of the group; of this node, whatever their group
  int number = 0, ngroup = 1;
  Roles roles;
};

/// \param groups  of all ranks
Group make_group(const comm::Communicator& world, const config::RedshiftConfig& config, const RedshiftOptions& options,
                 const std::vector<int>& groups) {
  const Roles& all = *options.roles;
  Group group;
  group.node = options.node_of(world);
  group.number = groups[static_cast<std::size_t>(world.rank())];
  group.ngroup = *std::max_element(groups.begin(), groups.end()) + 1;
  group.ranks = world.split(group.number);
  std::vector<int> members;
  for (std::size_t rank = 0; rank < groups.size(); ++rank)
    if (groups[rank] == group.number) members.push_back(static_cast<int>(rank));
  if (kernels::needs_device()) {
    group.roles = roles_of_group(all, members);
    return group;
  }
  // What stands for a GPU is wherever it is wanted.
  const comm::Communicator here = group.ranks.split_by_node();
  GpuRequest request = gpu_request(config);
  request.gpu_ranks = std::min(request.gpu_ranks, here.size());
  comm::agree(world, "", [&] { group.roles = assign_roles(group.ranks, here, request, {}, false); });
  group.roles.node_share = node_share(all.ranks, members);
  return group;
}

/// A group at work: takes runs and does them. Its root writes one run's results while the group is at the next.
class RunLoop {
 public:
  RunLoop(const Group& group, const Runs& runs, const config::JobConfig& job, const Provenance& provenance,
          std::ostream& out, std::ostream& err, RedshiftOptions options)
      : group_(group),
        runs_(runs),
        job_(job),
        provenance_(provenance),
        out_(out),
        err_(err),
        options_(std::move(options)),
        counter_(group.node) {
    options_.roles = group.roles;
    if (is_root()) {
      writer_ = std::make_unique<BackgroundThread>();
      options_.write_behind = [this](std::function<void()> write) {
        finish_last();  // or memory would fill with results
        written_ = writer_->submit(std::move(write));
      };
    }
    if (group.ngroup > 1) options_.progress = {};  // lines of several groups would mix
  }

  /// Prints the plan of one run.
  void plan(std::size_t index) const {
    if (is_root()) out_ << "the longest, " << runs_[index].input.front() << ":\n";
    run_redshift(RedshiftStage(group_.ranks, run_of_group(index), job_, provenance_, out_, err_, options_),
                 group_.ranks, job_, out_);
  }

  /// \param share  the runs of this node's groups, in the order in which they are taken
  std::vector<RunOutcome> run(const std::vector<std::size_t>& share) {
    counter_.restart(group_.node, share.size());
    for (;;) {
      const auto next = comm::share(group_.ranks, [&] {
        const auto taken = counter_.take();
        return taken ? static_cast<std::int64_t>(share[*taken]) : std::int64_t{-1};
      });
      if (next < 0) break;
      one(static_cast<std::size_t>(next));
    }
    finish_last();
    return std::move(outcomes_);
  }

 private:
  /// A run and what its group said of it.
  struct Told {
    RunOutcome outcome;
    std::size_t index = 0;  ///< in this job
    std::ostringstream out, err;
  };

  /// gpu_ranks are of each node in all; the group has its part of them.
  config::RedshiftConfig run_of_group(std::size_t index) const {
    config::RedshiftConfig run = runs_[index];
    run.gpu_ranks = std::min(run.gpu_ranks, group_.roles.gpu_ranks_of(0));
    return run;
  }

  void one(std::size_t index) {
    const config::RedshiftConfig run = run_of_group(index);
    auto now = std::make_unique<Told>();
    RunOutcome& outcome = now->outcome;
    now->index = index;
    outcome.index = run.part.place_of(index);
    outcome.input = fmt::format("{}", fmt::join(run.input, " "));
    outcome.output = outputs_of(run).front();
    outcome.group = group_.number;
    outcome.host = host_name();
    const Stopwatch watch;
    const bool alone = group_.ngroup == 1;  // else lines of several groups would mix
    std::ostream &out = alone ? out_ : now->out, &err = alone ? err_ : now->err;
    if (alone && is_root() && job_.verbosity >= 0) out << run.input.front() << "\n";
    try {
      const RedshiftStage stage(group_.ranks, run, job_, provenance_, out, err, options_);
      const RedshiftReport report = run_redshift(stage, group_.ranks, job_, out);
      outcome.status = report.executed ? RunOutcome::Status::done : RunOutcome::Status::kept;
      outcome.nspec = report.ntarget;
      outcome.nwarned = report.nwarned;
    } catch (const comm::AgreedError& error) {  // all ranks of the group are here; the next one may do better
      fail(outcome, error);
    }
    outcome.seconds = watch.seconds();
    options_.start_seconds = 0;  // the first run's
    if (!is_root()) return;
    if (written_.valid() && !last_)
      last_ = std::move(now);  // its results are on their way
    else
      tell(*now);
  }

  /// Waits until the results of the run before are written.
  void finish_last() {
    if (!last_) return;
    try {
      written_.get();
    } catch (...) {
      const comm::Failure failure = comm::describe(std::current_exception());
      fail(last_->outcome, Error(failure.code, failure.message));
    }
    tell(*last_);
    last_ = nullptr;
  }

  /// In one go, so that lines of several groups don't mix.
  void tell(Told& told) {
    RunOutcome& outcome = told.outcome;
    if (outcome.status == RunOutcome::Status::failed) told.err << "zspex redshift: error: " << outcome.reason << "\n";
    err_ << told.err.str() << std::flush;
    if (group_.ngroup > 1 && job_.verbosity >= 0) {
      std::string line = fmt::format("[{}/{}] {}: ", told.index + 1, runs_.size(), outcome.input);
      if (outcome.status == RunOutcome::Status::done)
        line += fmt::format("{} targets in {}, {} with warnings -> {}", outcome.nspec, format_duration(outcome.seconds),
                            outcome.nwarned, outcome.output);
      else
        line += outcome.status == RunOutcome::Status::kept ? outcome.output + " is there already" : "failed";
      out_ << line + "\n" + (job_.verbosity > 0 ? told.out.str() : "") << std::flush;
    }
    outcomes_.push_back(std::move(outcome));
  }

  static void fail(RunOutcome& outcome, const Error& error) {
    outcome.status = RunOutcome::Status::failed;
    outcome.code = error.code();
    outcome.reason = error.what();
  }
  bool is_root() const { return group_.ranks.is_root(); }

  const Group& group_;
  const Runs& runs_;
  const config::JobConfig& job_;
  const Provenance& provenance_;
  std::ostream& out_;
  std::ostream& err_;
  RedshiftOptions options_;
  comm::WorkCounter counter_;
  std::vector<RunOutcome> outcomes_;
  // On the root.
  std::unique_ptr<Told> last_;  ///< the run whose results are being written
  std::future<void> written_;   ///< valid as long as they are
  std::unique_ptr<BackgroundThread> writer_;
};

/// "60 runs by 30 groups of 2 ranks", "... of 2 to 3 ranks", and whether some of them lack what others have.
std::string describe(const Runs& runs, const std::vector<int>& groups, const Roles& roles) {
  std::map<int, int> size, with_gpu;  // of each group
  for (std::size_t rank = 0; rank < groups.size(); ++rank) {
    ++size[groups[rank]];
    with_gpu[groups[rank]] += roles.ranks[rank].on_gpu;
  }
  int least = static_cast<int>(groups.size()), most = 0, ngpu = 0;
  for (const auto& [group, n] : size) {
    least = std::min(least, n);
    most = std::max(most, n);
    ngpu += with_gpu[group] > 0;
  }
  const auto s = [](std::size_t n) { return n == 1 ? "" : "s"; };
  std::string text =
      fmt::format("{} run{} by {} group{} of {}{} rank{}", runs.size(), s(runs.size()), size.size(), s(size.size()),
                  least < most ? fmt::format("{} to ", least) : "", most, s(static_cast<std::size_t>(most)));
  if (ngpu > 0 && ngpu < static_cast<int>(size.size()))
    text += fmt::format("; {} of them have no GPU, larger groups would", static_cast<int>(size.size()) - ngpu);
  return text;
}

/// Tells which inputs of runs can't be read. \return of each run: success, or the code with which it would fail
std::vector<ExitCode> look_at_inputs(const Runs& runs, std::ostream& err) {
  std::vector<ExitCode> codes;
  for (const auto& run : runs) {
    codes.push_back(ExitCode::success);
    for (const std::string& path : run.input) try {
        (void)io::read_spectra_info(path, io::Checksums::ignore);
      } catch (const FileError& error) {
        err << "zspex redshift: " << error.what() << "\n";
        codes.back() = error.code();
      }
  }
  return codes;
}

void report(const std::vector<RunOutcome>& outcomes, const std::string& path, const config::JobConfig& job,
            double seconds, std::ostream& out, std::ostream& err) {
  const auto count = [&](RunOutcome::Status status) {
    return std::count_if(outcomes.begin(), outcomes.end(), [&](const RunOutcome& run) { return run.status == status; });
  };
  const auto failed = count(RunOutcome::Status::failed), kept = count(RunOutcome::Status::kept);
  if (job.verbosity >= 0)
    out << fmt::format("redshift: {} of {} runs done in {}{}\n", count(RunOutcome::Status::done), outcomes.size(),
                       format_duration(seconds), kept > 0 ? fmt::format(", {} were there already", kept) : "");
  if (failed > 0) err << fmt::format("zspex redshift: {} of {} runs failed:\n", failed, outcomes.size());
  for (const RunOutcome& run : outcomes)
    if (run.status == RunOutcome::Status::failed) err << "  " << describe_failure(run) << "\n";
  if (!path.empty()) io::write_file(path, to_csv(outcomes));
}

}  // namespace

ExitCode run_redshifts(const comm::Communicator& world, const std::vector<config::RedshiftConfig>& runs,
                       const config::JobConfig& job, const Provenance& provenance, std::ostream& out, std::ostream& err,
                       RedshiftOptions options) {
  const Stopwatch watch;
  const config::RedshiftConfig& any = runs.front();
  if (runs.size() == 1 && any.list.empty() && any.report.empty()) {
    run_redshift(RedshiftStage(world, any, job, provenance, out, err, options), world, job, out);
    return ExitCode::success;
  }
  io::OutputFolders folders;  // as long as one group may make a folder in which another finds nothing yet
  prepare_report(world, any.report, !job.dry_run, folders);
  if (!options.roles)
    options.roles = assign_roles(world, options.node_of(world), gpu_request(any), see_gpus(), kernels::needs_device());
  const std::vector<RunCost> costs = costs_of(world, runs, job);
  const int size =
      any.group > 0 ? any.group : choose_group_size(options.roles->ranks, costs, {any.capacity(), true, 0});
  const std::vector<int> groups = group_ranks(options.roles->ranks, size);
  const Group group = make_group(world, any, options, groups);
  if (world.is_root() && job.verbosity >= 0) out << "redshift: " << describe(runs, groups, *options.roles) << std::endl;

  options.cache = std::make_shared<JobCache>();
  options.cache->machine = this_machine(group.ranks, group.roles);
  options.cache->templates = share_templates(world, any, err);
  RunLoop loop(group, runs, job, provenance, out, err, options);
  if (job.dry_run) {
    const auto codes = comm::share(world, [&] { return look_at_inputs(runs, err); });
    const auto order = longest_first(costs);
    const auto first =
        std::find_if(order.begin(), order.end(), [&](std::size_t run) { return codes[run] == ExitCode::success; });
    comm::agree(world, "", [&] {
      if (group.number == 0 && first != order.end()) loop.plan(*first);
    });
    return overall_code(codes);
  }
  if (world.is_root()) {
    for (const auto& run : runs) folders.make_for_all(outputs_of(run));
  }
  world.barrier();
  const Shares shares = deal_runs(options.roles->ranks, groups, costs, any.capacity());
  const auto outcomes = gather_outcomes(world, loop.run(shares.runs_of(group.number)));
  comm::agree(world, "", [&] {
    if (world.is_root()) report(outcomes, any.report, job, watch.seconds(), out, err);
  });
  return static_cast<ExitCode>(comm::share(world, [&] { return static_cast<int>(overall_code(outcomes)); }));
}

}  // namespace zspex::pipeline
