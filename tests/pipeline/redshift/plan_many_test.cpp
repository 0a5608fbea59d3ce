// Plans for many machines at once: the tables, and why strategies come out as they do.
#include "pipeline/redshift/plan_many.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/choose.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

class PlanMany : public SmallRun {
 protected:
  PlanMany() {
    write_survey(folder_ / "coadd.fits", small_survey(config::SimulateKind::coadds, 5));
    machine_.name = "a node, of four \"GPUs\"";
    config_.plan_table = folder_ / "tables/plans.csv";
    config_.memory = 8;
    job_.dry_run = true;
  }

  /// Rows of the table by their column names.
  std::vector<std::map<std::string, std::string>> plan() {
    RedshiftOptions options;
    options.machine = machine_;
    out_.str("");
    plan_many(world_, config_, job_, options, out_, err_);
    return read_table();
  }

  std::vector<std::map<std::string, std::string>> read_table() const {
    std::ifstream file(config_.plan_table);
    const auto fields_of = [](const std::string& line) {
      std::vector<std::string> fields(1);
      bool quoted = false;
      for (const char letter : line) {
        if (letter == '"') quoted = !quoted;
        if (letter == ',' && !quoted)
          fields.emplace_back();
        else if (letter != '"')
          fields.back() += letter;
      }
      return fields;
    };
    std::string line;
    std::getline(file, line);
    const auto names = fields_of(line);
    std::vector<std::map<std::string, std::string>> rows;
    while (std::getline(file, line)) {
      const auto fields = fields_of(line);
      EXPECT_EQ(fields.size(), names.size()) << line;
      auto& row = rows.emplace_back();
      for (std::size_t i = 0; i < std::min(names.size(), fields.size()); ++i) row[names[i]] = fields[i];
    }
    return rows;
  }

  config::MachineConfig machine_ = node_of_four_gpus();
  config::JobConfig job_;
};

TEST_F(PlanMany, HasALineForEachMachineSizeAndStrategy) {
  config_.plan_ranks = {4, 8, 64};
  config_.plan_nodes = {1, 2};
  config_.plan_targets = {5, 500};
  const auto rows = plan();
  ASSERT_EQ(rows.size(), 3 * 2 * 2 * all_strategies().size());
  EXPECT_EQ(rows[0].at("machine"), "a node, of four GPUs") << "quotes are doubled, which this reader drops";
  EXPECT_EQ(rows[0].at("strategy"), "CPU");
  EXPECT_EQ(rows[0].at("ranks"), "4");
  EXPECT_EQ(rows.back().at("ranks"), "64");
  EXPECT_EQ(rows.back().at("nodes"), "2");
  EXPECT_EQ(rows.back().at("targets"), "500");
  for (const auto& row : rows) {
    double sum = 0;
    for (const char* part : {"rebin", "scan", "transfer", "deal", "refine"}) sum += std::stod(row.at(part));
    EXPECT_NEAR(sum, std::stod(row.at("total")), 1e-4 * sum);
  }
  EXPECT_NE(out_.str().find("500 targets on 2 nodes of a node"), std::string::npos) << out_.str();
  config_.era = config::Era::published;
  EXPECT_EQ(plan().size(), 3 * 2 * 2 * all_strategies(config::Era::published).size());
}

TEST_F(PlanMany, IsThePlanOfOneMachine) {
  config_.plan_ranks = {16};
  const auto rows = plan();
  config_.plan_ranks = {};
  machine_.ranks = 16;
  RedshiftOptions options;
  options.machine = machine_;
  const RedshiftStage stage(world_, config_, job_, {}, out_, err_, options);
  const RedshiftPlan one = stage.plan();
  ASSERT_EQ(one.strategies.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_NEAR(std::stod(rows[i].at("whole")), one.strategies[i].time.whole(), 1e-5 * one.strategies[i].time.whole())
        << rows[i].at("strategy");
  run_redshift(stage, world_, job_, out_);
  EXPECT_EQ(read_table(), rows);
}

TEST_F(PlanMany, TakesDesisBandsWhereThereAreNoSpectra) {
  config_.input.clear();
  config_.plan_targets = {500};
  try {
    plan();
    FAIL() << "the small survey's templates don't reach over DESI's bands";
  } catch (const comm::AgreedError& error) {
    EXPECT_NE(std::string(error.what()).find("from 2813 to 8543 Angstrom"), std::string::npos)
        << "3600 / 1.28 to 9824 / 1.15: " << error.what();
  }
}

TEST_F(PlanMany, SmallBatchesCopiesAndUnevenSharesCostWhatTheyShould) {
  config_.plan_ranks = {4, 64};
  config_.plan_targets = {500};
  const auto seconds = [&](const std::vector<std::map<std::string, std::string>>& rows, const std::string& strategy,
                           const std::string& ranks, const std::string& part) {
    for (const auto& row : rows)
      if (row.at("strategy") == strategy && row.at("ranks") == ranks) return std::stod(row.at(part));
    ADD_FAILURE() << strategy << " at " << ranks;
    return 0.0;
  };
  const auto free = plan();
  EXPECT_NEAR(seconds(free, "GPU_V2", "64", "scan") / seconds(free, "GPU_V2", "4", "scan"), 512.0 / 500, 1e-3)
      << "as many fits, but for rounding up";
  machine_.gpu_half_batch = 800;
  machine_.gpu_launch = 10;
  const auto small = plan();
  EXPECT_GT(seconds(small, "GPU_V2", "64", "scan"), 2 * seconds(small, "GPU_V2", "4", "scan")) << "sixteen ranks a GPU";
  EXPECT_LT(seconds(small, "GPU_V6", "64", "scan"), seconds(small, "GPU_V6", "4", "scan")) << "whole tiles stay large";
  // In GPU_V4 a core rebins as much as a GPU, and the GPUs wait.
  EXPECT_GT(seconds(small, "GPU_V4", "64", "gpu_waits"), 0.3);
  EXPECT_LT(seconds(small, "GPU_V5", "64", "total"), seconds(small, "GPU_V4", "64", "total"));
  // Copies of templates are what ends GPU_V3 first.
  machine_.gpu_memory = 8;
  EXPECT_EQ(seconds(plan(), "GPU_V3", "4", "usable"), 1);
  machine_.template_copies = 1e4;
  const auto copied = plan();
  EXPECT_EQ(seconds(copied, "GPU_V3", "64", "usable"), 0);
  EXPECT_EQ(seconds(copied, "GPU_V6", "64", "usable"), 1);
  EXPECT_NE(out_.str().find("GPU_V3 at "), std::string::npos) << "with the reason: " << out_.str();
}

TEST_F(PlanMany, CoresThatAreSharedAreSlower) {
  config_.plan_ranks = {4, 8};
  const auto scan_of = [&](const std::string& ranks) {
    for (const auto& row : plan())
      if (row.at("strategy") == "CPU" && row.at("ranks") == ranks) return std::stod(row.at("scan"));
    return 0.0;
  };
  config_.plan_targets = {800};
  const double four = scan_of("4");
  EXPECT_NEAR(scan_of("8"), four / 2, 1e-5 * four) << "cores are not bounded";
  machine_.cores = 4 * static_cast<int>(kernels::host_concurrency());
  machine_.thread_gain = 1.25;
  EXPECT_NEAR(scan_of("8"), four / 1.25, 1e-5 * four);
}

TEST_F(PlanMany, FramesNeedTheTimeOfOne) {
  config_.plan_frames = {1200};
  EXPECT_THROW(plan(), comm::AgreedError);
  machine_.frame_core = 12;
  machine_.cores = 64;
  plan();
  // 1200 x 12 s / 64 = 225 s
  EXPECT_NE(out_.str().find("0.0625"), std::string::npos) << out_.str();
}

}  // namespace
}  // namespace zspex::pipeline
