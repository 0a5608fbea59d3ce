// Several runs in one job: lists, and folders with a file for each input.
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include "config/redshift_files.hpp"
#include "io/results.hpp"
#include "pipeline/redshift/runs.hpp"
#include "tests/pipeline/redshift/mpi_stage.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;
using config::SimulateKind;

class RedshiftRuns : public SmallRun {
 protected:
  RedshiftRuns() {
    fs::create_directories(folder_ / "out");
    config_.output = config_.details = config_.model = folder_ / "out/";
    config_.input = {folder_ / "coadd-main-dark-1.fits", folder_ / "spectra-7.fits", folder_ / "else.fits"};
    write_survey(config_.input[0], small_survey(SimulateKind::coadds, 2));
    write_survey(config_.input[1], small_survey(SimulateKind::spectra, 2, 2));
    write_survey(config_.input[2], small_survey(SimulateKind::coadds, 3, 3, 1));
  }
  ExitCode run_all(const config::JobConfig& job = {}) {
    return run_redshifts(world_, config::runs_of(config_), job, {}, out_, err_, {});
  }
  std::vector<std::int64_t> targets_of(const std::string& name) const {
    std::vector<std::int64_t> ids;
    for (const auto& row : io::read_redshifts(folder_ / ("out/" + name))) ids.push_back(row.targetid);
    return ids;
  }
};

TEST_F(RedshiftRuns, EachInputHasFilesOfItsOwn) {
  EXPECT_EQ(run_all(), ExitCode::success);
  EXPECT_EQ(targets_of("redrock-main-dark-1.fits"), small_survey(SimulateKind::coadds, 2).targetid);
  EXPECT_EQ(targets_of("redrock-7.fits").size(), 2u);
  EXPECT_EQ(targets_of("redrock-else.fits"), small_survey(SimulateKind::coadds, 3, 3, 1).targetid);
  for (const char* name : {"rrdetails-7.h5", "rrmodel-7.fits", "rrdetails-else.h5", "rrmodel-main-dark-1.fits"})
    EXPECT_TRUE(fs::exists(folder_ / (std::string("out/") + name))) << name;
  // The same as alone.
  config_.input = {config_.input[2]};
  config_.output = folder_ / "alone.fits";
  config_.details.clear();
  config_.model.clear();
  EXPECT_EQ(run_all(), ExitCode::success);
  const auto alone = io::read_redshifts(config_.output), among = io::read_redshifts(folder_ / "out/redrock-else.fits");
  ASSERT_EQ(alone.size(), among.size());
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(alone[i].z, among[i].z);
}

TEST_F(RedshiftRuns, AnInputThatCantBeReadCostsNoOther) {
  fs::resize_file(config_.input[1], 5000);
  EXPECT_EQ(run_all(), ExitCode::partial);
  EXPECT_TRUE(fs::exists(folder_ / "out/redrock-main-dark-1.fits"));
  EXPECT_TRUE(fs::exists(folder_ / "out/redrock-else.fits"));
  EXPECT_FALSE(fs::exists(folder_ / "out/redrock-7.fits"));
  EXPECT_NE(err_.str().find("spectra-7.fits"), std::string::npos) << err_.str();
  const auto end = err_.str().find("1 of 3 runs failed");
  ASSERT_NE(end, std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find(config_.input[1] + " -> " + (folder_ / "out/redrock-7.fits: ") + config_.input[1], end),
            std::string::npos)
      << err_.str();
}

/// Six files of 1 to 6 targets, of which three can't be used.
class MpiRedshiftRuns : public MpiRedshiftStage {
 protected:
  MpiRedshiftRuns() {
    config_.list = folder_ / "list.txt";
    config_.input.clear();
    config_.details.clear();
    config_.model.clear();
    config_.output = folder_ / "out/";
    config_.report = folder_ / "report.csv";
    on_root([&] {
      fs::create_directories(folder_ / "out");
      std::ofstream list(config_.list);
      for (int i = 1; i <= nfile; ++i) {
        const std::string path = folder_ / ("coadd-" + std::to_string(i) + ".fits");
        list << path << "\n";
        if (i != missing) write_survey(path, small_survey(SimulateKind::coadds, i, 2));
      }
      fs::resize_file(folder_ / "coadd-2.fits", 5000);
      std::ofstream(folder_ / "coadd-5.fits", std::ios::trunc);
    });
  }
  ExitCode run_all() {
    std::vector<config::RedshiftConfig> runs;
    comm::agree(world_, "", [&] { runs = config::runs_of(config_); });
    Provenance provenance;
    provenance.version = "0.0.0";
    return run_redshifts(world_, runs, job_, provenance, out_, err_, {});
  }
  std::string output(int i) const { return folder_ / ("out/redrock-" + std::to_string(i) + ".fits"); }
  /// Status, exit code and spectra of each row of the report; on the root.
  std::vector<std::string> rows() const {
    std::vector<std::string> found = rows(3);
    for (const int column : {4, 5}) {
      const auto more = rows(column);
      for (std::size_t i = 0; i < found.size(); ++i) found[i] += " " + more[i];
    }
    return found;
  }
  /// One column of it.
  std::vector<std::string> rows(int column) const {
    std::vector<std::string> found;
    std::ifstream file(config_.report);
    for (std::string line; std::getline(file, line);) {
      std::size_t at = 0;
      for (int n = column; n > 0; --n) at = line.find(',', at) + 1;
      found.push_back(line.substr(at, line.find(',', at) - at));
    }
    return found;
  }

  static constexpr int nfile = 6, missing = 6;
};

TEST_F(MpiRedshiftRuns, GroupsOfAnySizeGiveTheSameFilesAndFailuresAreRows) {
  for (int size = world_.size(); size > 0; --size) {
    config_.group = size;
    EXPECT_EQ(run_all(), ExitCode::partial);
    world_.barrier();
    if (world_.is_root()) {
      EXPECT_EQ(rows(), (std::vector<std::string>{"status exit_code spectra", "done 0 1", "failed 3 0", "done 0 3",
                                                  "done 0 4", "failed 3 0", "failed 3 0"}));
      for (const int i : {1, 3, 4}) {
        const std::string whole = folder_ / ("whole-" + std::to_string(i) + ".fits");
        if (size == world_.size())
          fs::rename(output(i), whole);
        else
          expect_same_fits(whole, output(i));
      }
      for (const int i : {2, 5, 6}) EXPECT_FALSE(fs::exists(output(i))) << i;
    }
    world_.barrier();
  }
}

TEST_F(MpiRedshiftRuns, ResumeDoesOnlyWhatIsMissing) {
  config_.group = 1;
  EXPECT_EQ(run_all(), ExitCode::partial);
  world_.barrier();
  std::map<int, fs::file_time_type> before;
  on_root([&] {
    for (const int i : {1, 4}) before[i] = fs::last_write_time(output(i));
    fs::resize_file(output(3), fs::file_size(output(3)) / 2);
  });
  job_.resume = true;
  EXPECT_EQ(run_all(), ExitCode::partial);
  if (!world_.is_root()) return;
  EXPECT_EQ(rows(), (std::vector<std::string>{"status exit_code spectra", "kept 0 0", "failed 3 0", "done 0 3",
                                              "kept 0 0", "failed 3 0", "failed 3 0"}));
  for (const auto& [i, time] : before) EXPECT_EQ(fs::last_write_time(output(i)), time) << i;
}

TEST_F(MpiRedshiftRuns, APartsRowsHaveTheNumbersOfTheList) {
  config_.part = {2, 4};
  EXPECT_EQ(run_all(), ExitCode::input);
  if (world_.is_root()) {
    EXPECT_EQ(rows(0), (std::vector<std::string>{"number", "2", "6"}));
  }
  world_.barrier();
}

TEST_F(MpiRedshiftRuns, ResultsThatCantBeWrittenAreRowsToo) {
  config_.group = 1;
  config_.report.clear();
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);  // an error of the write then
  rlimit small = before;
  small.rlim_cur = 10000;  // bytes of a file: the disk is full
  setrlimit(RLIMIT_FSIZE, &small);
  const ExitCode code = run_all();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, ExitCode::output);
  for (const int i : {1, 3, 4}) EXPECT_FALSE(fs::exists(output(i))) << i;
  world_.barrier();
}

TEST_F(MpiRedshiftRuns, SpectraWithTheNameOfAnOutputStay) {
  const std::string coadd = folder_ / "coadd-4.fits";
  config_.list.clear();
  config_.input = {folder_ / "coadd-1.fits"};
  config_.output = coadd;
  const auto size = fs::file_size(coadd);
  EXPECT_EQ(run_all(), ExitCode::output);
  EXPECT_EQ(fs::file_size(coadd), size);
  if (world_.is_root()) {
    EXPECT_NE(
        err_.str().find("expected no file, or a result that may be made again, found another kind of file: coadd"),
        std::string::npos)
        << err_.str();
  }
  world_.barrier();
}

TEST_F(MpiRedshiftRuns, TheHostStandsForAGpuInEachGroup) {
  config_.strategy = config::StrategyName::gpu_v6;
  config_.group = 1;
  for (const int gpu_ranks : {0, world_.size()}) {  // of the node: a group has its part of them
    config_.gpu_ranks = gpu_ranks;
    EXPECT_EQ(run_all(), ExitCode::partial);
    on_root([&] {
      for (const int i : {1, 3, 4}) EXPECT_TRUE(fs::remove(output(i))) << i;
    });
  }
}

TEST_F(MpiRedshiftRuns, AResultTellsOfTheRanksThatMadeIt) {
  config_.output = folder_ / "all.fits";
  config_.list.clear();
  config_.input = {folder_ / "coadd-1.fits"};
  EXPECT_EQ(run_all(), ExitCode::success);
  config_.input.clear();
  config_.list = folder_ / "list.txt";
  config_.output = folder_ / "out/";
  config_.group = 1;
  EXPECT_EQ(run_all(), ExitCode::partial);
  if (!world_.is_root()) return;
  const auto layout = [](const std::string& path) { return io::read_whole(path).layout; };
  EXPECT_EQ(layout(output(1)).substr(0, 14), "1 node, 1 rank");
  if (world_.size() > 1) {
    EXPECT_NE(layout(folder_ / "all.fits"), layout(output(1)));
  }
}

TEST_F(MpiRedshiftRuns, AReportThatCantBeWrittenIsRefusedBeforeTheWork) {
  config_.report = folder_ / "coadd-1.fits/report.csv";
  for (const bool dry_run : {true, false}) {
    job_.dry_run = dry_run;
    ExitCode code = ExitCode::success;
    try {
      run_all();
    } catch (const comm::AgreedError& error) {
      code = error.code();
      EXPECT_NE(std::string(error.what()).find("report.csv"), std::string::npos) << error.what();
    }
    EXPECT_EQ(code, ExitCode::output);
  }
  if (world_.is_root()) {
    for (const int i : {1, 3, 4}) EXPECT_FALSE(fs::exists(output(i))) << i;
  }
  world_.barrier();
}

TEST_F(MpiRedshiftRuns, TheReportsFolderIsMade) {
  config_.report = folder_ / "reports/night/1.csv";
  EXPECT_EQ(run_all(), ExitCode::partial);
  if (world_.is_root()) {
    EXPECT_EQ(rows().size(), 7u);
  }
  world_.barrier();
}

TEST_F(MpiRedshiftRuns, TemplatesThatCantBeReadEndTheJob) {
  config_.templates = {folder_ / "coadd-2.fits"};
  EXPECT_THROW(run_all(), comm::AgreedError);
}

TEST_F(MpiRedshiftRuns, ADryRunTellsTheGroupsAndPlansTheLongest) {
  job_.dry_run = true;
  config_.group = 1;
  EXPECT_EQ(run_all(), ExitCode::partial);
  if (!world_.is_root()) return;
  for (const char* broken : {"coadd-2.fits", "coadd-5.fits", "coadd-6.fits"})
    EXPECT_NE(err_.str().find(broken), std::string::npos) << err_.str();
  EXPECT_NE(out_.str().find("6 runs by " + std::to_string(world_.size()) + " group"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("coadd-4.fits"), std::string::npos) << out_.str();
  EXPECT_FALSE(fs::exists(output(1)));
  EXPECT_FALSE(fs::exists(config_.report));
}

TEST_F(MpiRedshiftRuns, ADryRunOfGroupsHasTheirPartOfTheGpuRanks) {
  job_.dry_run = true;
  config_.strategy = config::StrategyName::gpu_v6;
  config_.group = 1;
  config_.gpu_ranks = world_.size();
  EXPECT_EQ(run_all(), ExitCode::partial);
}

}  // namespace
}  // namespace zspex::pipeline
