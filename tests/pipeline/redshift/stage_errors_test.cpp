// The stage on 1 to 4 ranks: errors, plans, resuming and timing.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/pipeline/redshift/mpi_stage.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;
using config::SimulateKind;

/// The code and message that a run ends with; all ranks have the same.
std::pair<ExitCode, std::string> failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const comm::AgreedError& error) {
    return {error.code(), error.what()};
  }
  return {ExitCode::success, ""};
}

TEST_F(MpiRedshiftStage, AnErrorOnOneRankIsEveryonesAndNothingIsWritten) {
  write_coadds(4);
  const auto expect = [&](const config::RedshiftConfig& config, ExitCode code, const std::vector<std::string>& words) {
    const auto [found, what] = failure([&] { run(world_, config); });
    EXPECT_EQ(found, code) << what;
    for (const std::string& word : words) EXPECT_NE(what.find(word), std::string::npos) << word << " not in: " << what;
    world_.barrier();
    for (const std::string& path : {config.output, config.details, config.model})
      EXPECT_FALSE(fs::exists(path)) << path;
    world_.barrier();
  };
  auto bad = config_;
  bad.zscan_galaxy->zmax = 0.6;
  expect(bad, ExitCode::numerics,
         {"template GALAXY", "expected rest wavelengths from", "found 3000 to 7100", "--zscan-galaxy"});
  bad = config_;
  bad.chi2_scan = folder_ / "none.h5";
  expect(bad, ExitCode::input, {"none.h5"});
  bad = config_;
  bad.priors = folder_ / "coadd.fits";
  expect(bad, ExitCode::input, {"coadd.fits", "PRIORS"});
  bad = config_;
  bad.output = folder_ / "coadd.fits/there.fits";
  expect(bad, ExitCode::output, {"coadd.fits/there.fits"});

  bad = config_;
  bad.memory = 1e-5;
  expect(bad, ExitCode::usage, {"redshift.memory", "expected at least", "GiB", "found 1e-05"});

  // What goes wrong after the plan: the last rank's spectra can't be read.
  const RedshiftStage stage(world_, config_, job_, {}, out_, err_);
  const auto plan = stage.plan();
  on_root([&] { fs::resize_file(config_.input[0], fs::file_size(config_.input[0]) / 2); });
  const auto [code, told] = failure([&] { stage.execute(plan); });
  EXPECT_EQ(code, ExitCode::input);
  EXPECT_NE(told.find("coadd.fits"), std::string::npos) << told;
  EXPECT_EQ(err_.str(), "");
}

TEST_F(MpiRedshiftStage, PlansArePrintedOnceAndTouchNothing) {
  on_root([&] {
    const auto& all = small_survey(SimulateKind::spectra, 5, 3);
    write_survey(folder_ / "coadd.fits", pick_rows(all, {0, 5, 10, 1, 2, 3, 4}));
  });
  job_.dry_run = true;
  const RedshiftStage stage(world_, config_, job_, {}, out_, err_);
  EXPECT_EQ(run_redshift(stage, world_, job_, out_).code, ExitCode::success);
  world_.barrier();
  for (const std::string& path : {config_.output, config_.details, config_.model})
    EXPECT_FALSE(fs::exists(path)) << path;
  if (!world_.is_root()) {
    EXPECT_EQ(out_.str(), "");
    return;
  }
  for (const std::string& word :
       {std::string("5 targets, 7 spectra per band, 3 bands (413 pixels), 3 templates"),
        std::string("GALAXY          4 basis vectors,    117 redshifts from 0.1500"), "-> " + config_.details})
    EXPECT_NE(out_.str().find(word), std::string::npos) << word << " not in:\n" << out_.str();
}

TEST_F(MpiRedshiftStage, TimingsCoverTheSteps) {
  write_coadds(2);
  const RedshiftReport report = run(world_, config_);
  std::set<std::string> steps;
  for (const auto& row : report.timing) {
    steps.insert(row.step);
    EXPECT_EQ(row.stage, "redshift");
    EXPECT_LE(row.min_seconds, row.median_seconds);
    EXPECT_LE(row.median_seconds, row.max_seconds);
    EXPECT_GT(row.peak_memory, 1u << 20);
  }
  EXPECT_EQ(steps, (std::set<std::string>{"plan", "read", "rebin", "scan", "wait for slices", "refine", "gather",
                                          "write", "whole"}));
}

TEST_F(MpiRedshiftStage, ResumeAsksForAllOutputs) {
  write_coadds(2);
  job_.resume = true;
  const auto resume = [&] {
    out_.str("");
    const RedshiftStage stage(world_, config_, job_, {}, out_, err_);
    EXPECT_EQ(run_redshift(stage, world_, job_, out_).code, ExitCode::success);
    return out_.str().find("all outputs are there already") != std::string::npos;
  };
  EXPECT_FALSE(resume()) << "nothing is there";
  EXPECT_EQ(resume(), world_.is_root());
  on_root([&] { fs::remove(config_.model); });
  EXPECT_FALSE(resume()) << "one is missing: all are made";
  world_.barrier();
  EXPECT_TRUE(fs::exists(config_.model));
  world_.barrier();
  // What is not whole, or of an input that has changed since, doesn't count.
  for (const std::string& path : {config_.output, config_.details, config_.model}) {
    EXPECT_EQ(resume(), world_.is_root()) << path;
    on_root([&] { fs::resize_file(path, fs::file_size(path) / 2 - 1); });
    EXPECT_FALSE(resume()) << path << " is cut";
    EXPECT_EQ(out_.str().find(path + " is made again: not whole") != std::string::npos, world_.is_root()) << out_.str();
    EXPECT_EQ(resume(), world_.is_root()) << path << " is whole again";
    on_root([&] { std::ofstream(path) << "junk"; });
    EXPECT_FALSE(resume()) << path << " is junk";
    on_root([&] { std::ofstream{path}; });
    EXPECT_FALSE(resume()) << path << " is empty";
  }
  on_root([&] { fs::last_write_time(config_.input[0], fs::file_time_type::clock::now() - std::chrono::hours(1)); });
  EXPECT_FALSE(resume()) << "another input";
  EXPECT_EQ(out_.str().find("it was made from") != std::string::npos, world_.is_root()) << out_.str();
  EXPECT_EQ(resume(), world_.is_root());
  job_.resume = false;
  config_.overwrite = false;
  const auto [code, what] = failure([&] { run(world_, config_); });
  EXPECT_EQ(code, ExitCode::output);
  EXPECT_NE(what.find("--no-overwrite"), std::string::npos) << what;
}

}  // namespace
}  // namespace zspex::pipeline
