// The stage's smaller parts: who works with whom, the thread for files, plans, codes, timings, provenance.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

#include "pipeline/background_thread.hpp"
#include "pipeline/extract/frame_comms.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/extract/report.hpp"
#include "pipeline/provenance.hpp"
#include "pipeline/rank_groups.hpp"
#include "pipeline/timing.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/extract/small_instrument.hpp"

namespace zspex::pipeline {
namespace {

TEST(MpiFrameComms, NodesAndGroupsHaveTheirRanks) {
  const auto world = comm::test_world();
  for (const int per_node : {1, 2, 3}) {
    std::vector<Role> ranks(static_cast<std::size_t>(world.size()));
    for (int rank = 0; rank < world.size(); ++rank) ranks[static_cast<std::size_t>(rank)].node = rank / per_node;
    for (const int size : {1, 2, 3, 100}) {
      const auto of_rank = group_ranks(ranks, size);
      const FrameComms comms = make_frame_comms(world, world.split(world.rank() / per_node), of_rank);
      // Everybody is in one group; groups are 0 ... ngroup - 1; nodes within a group are 0 ... nnode - 1.
      const auto groups = comm::all_gather(world, comms.igroup);
      EXPECT_EQ(groups, of_rank);
      for (int group = 0; group < comms.ngroup; ++group) {
        EXPECT_GT(std::count(groups.begin(), groups.end(), group), 0) << group << " of " << comms.ngroup;
      }
      EXPECT_EQ(comms.group.size(), std::count(groups.begin(), groups.end(), comms.igroup));
      const auto nodes = comm::all_gather(comms.group, comms.inode);
      for (int node = 0; node < comms.nnode; ++node) EXPECT_GT(std::count(nodes.begin(), nodes.end(), node), 0);
      EXPECT_EQ(static_cast<bool>(comms.leaders), comms.node.is_root());
      if (comms.leaders) {
        EXPECT_EQ(comms.leaders.size(), comms.nnode);
      }
      if (comms.group.is_root()) {
        EXPECT_EQ(comms.inode, 0);
        EXPECT_TRUE(comms.node.is_root());
        EXPECT_TRUE(comms.leaders.is_root());
      }
    }
  }
}

TEST(BackgroundThread, TasksRunInOrderAndErrorsComeOutOfTheFuture) {
  BackgroundThread thread;
  std::vector<int> order;
  std::vector<std::future<int>> results;
  for (int i = 0; i < 50; ++i) {
    results.push_back(thread.submit([&order, i] {
      order.push_back(i);
      if (i == 7) throw std::runtime_error("seven");
      return i * i;
    }));
  }
  for (int i = 0; i < 50; ++i) {
    if (i == 7) {
      EXPECT_THROW(results[7].get(), std::runtime_error);
    } else {
      EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
    }
  }
  ASSERT_EQ(order.size(), 50u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(BackgroundThread, EndsWithTheTaskUnderWayAndDropsTheRest) {
  std::promise<void> started, go;
  std::atomic<bool> finished{false}, second{false};
  std::thread release;
  {
    BackgroundThread thread;
    thread.submit([&] {
      started.set_value();
      go.get_future().wait();
      finished = true;
    });
    started.get_future().wait();
    thread.submit([&] { second = true; });
    release = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until the destructor has dropped the second
      go.set_value();
    });
  }
  release.join();
  EXPECT_TRUE(finished);
  EXPECT_FALSE(second);
}

class Plans : public testing::Test {
 protected:
  comm::Communicator self_ = comm::Communicator::duplicate(MPI_COMM_SELF);
  TestFolder folder_{self_};
  config::JobConfig job_;
};

TEST_F(Plans, OnePsfServesAllOrEachHasItsOwn) {
  auto config = small_config(folder_.path(), 2);
  EXPECT_EQ(plan_extract(config, job_, {}).frames[1].psf, folder_ / "psf.fits");
  config.psf = {"a", "b"};
  const auto plan = plan_extract(config, job_, {});
  EXPECT_EQ(plan.frames[0].psf, "a");
  EXPECT_EQ(plan.frames[1].psf, "b");
  EXPECT_EQ(plan.frames[1].model, "");
}

TEST_F(Plans, AFolderForResultsIsNotMadeByAPlan) {
  auto config = small_config(folder_.path(), 1);
  config.output = {folder_ / "a/b/"};
  EXPECT_EQ(plan_extract(config, job_, {}).frames[0].output, folder_ / "a/b/frame-1.fits");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
}

TEST_F(Plans, CompressedFramesCountAsWhatIsInThem) {
  auto config = small_config(folder_.path(), 3);
  config.input = {folder_ / "a.fits", folder_ / "b.fits.fz", folder_ / "c.fits.gz"};
  for (const std::string& input : config.input)
    std::ofstream(input) << std::string(input.ends_with("s") ? 2000 : 1000, 'x');
  const auto plan = plan_extract(config, job_, {});
  ASSERT_EQ(plan.costs.size(), 3u);
  EXPECT_EQ(plan.frames[2].input, config.input[0]) << "the largest is first, though its file is smaller";
  EXPECT_DOUBLE_EQ(plan.costs[0].memory, 2.5 * plan.costs[2].memory);
  EXPECT_DOUBLE_EQ(plan.costs[1].work, 2.5 * plan.costs[2].work);
}

TEST_F(Plans, TwoFramesMustNotMeetInOneFile) {
  auto config = small_config(folder_.path(), 2);
  config.output[1] = folder_.path() + "/./frame-1.fits";
  EXPECT_THROW(plan_extract(config, job_, {}), ConfigError);
}

TEST_F(Plans, WhatIsThereIsReplacedOrRefused) {
  auto config = small_config(folder_.path(), 2);
  std::ofstream(config.output[1]) << "old";
  EXPECT_EQ(plan_extract(config, job_, {}).frames.size(), 2u);
  config.overwrite = false;
  const auto refused = plan_extract(config, job_, {});
  ASSERT_EQ(refused.frames.size(), 1u);
  EXPECT_EQ(refused.frames[0].output, config.output[0]);
  ASSERT_EQ(refused.failed.size(), 1u);
  EXPECT_EQ(refused.failed[0].index, 1u);
  EXPECT_EQ(refused.failed[0].code, ExitCode::output);
  auto part = config;  // the second of two parts of four frames
  part.part = {2, 2};
  const auto numbered = plan_extract(part, job_, {});
  EXPECT_EQ(numbered.frames[0].index, 1u);
  EXPECT_EQ(numbered.failed[0].index, 3u);
  auto alone = config;
  for (auto* files : {&alone.input, &alone.output}) files->erase(files->begin());
  try {
    plan_extract(alone, job_, {});
    FAIL() << "an output would have been overwritten";
  } catch (const FileError& error) {
    EXPECT_EQ(error.code(), ExitCode::output);
  }
  job_.resume = true;
  const auto plan = plan_extract(config, job_, {});
  EXPECT_EQ(plan.frames.size(), 2u);  // what is there is no whole frame: it is made again
  EXPECT_TRUE(plan.kept.empty());
  ASSERT_EQ(plan.notes.size(), 2u);
  EXPECT_NE(plan.notes[0].find("missing"), std::string::npos) << plan.notes[0];
  EXPECT_NE(plan.notes[1].find("not whole"), std::string::npos) << plan.notes[1];
}

TEST(MpiTiming, MinimumMedianAndMaximumAreOverTheRanksThatTookPart) {
  const auto world = comm::test_world();
  const int n = world.size();
  StepTimes times("stage", {"all", "root", "nobody"});
  times.add(0, 1.0 + world.rank(), 10, 0);
  times.add(0, 0.5, 0, 100);
  if (world.is_root()) times.add(1, 3.0);
  const auto rows = times.over_ranks(world);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].step, "all");
  EXPECT_DOUBLE_EQ(rows[0].min_seconds, 1.5);
  EXPECT_DOUBLE_EQ(rows[0].median_seconds, 1.5 + 0.5 * (n - 1));
  EXPECT_DOUBLE_EQ(rows[0].max_seconds, 0.5 + n);
  EXPECT_EQ(rows[0].bytes_read, 10u * static_cast<unsigned>(n));
  EXPECT_EQ(rows[0].bytes_written, 100u * static_cast<unsigned>(n));
  EXPECT_EQ(rows[1].step, "root");
  EXPECT_DOUBLE_EQ(rows[1].min_seconds, 3);
  EXPECT_DOUBLE_EQ(rows[1].max_seconds, 3);
}

TEST(Provenance, TheCommandCanBePastedIntoAShell) {
  const char* words[] = {"zspex", "extract", "-o", "my frame.h5", "--set", "a=it's", ""};
  EXPECT_EQ(quote_command(7, words), "zspex extract -o 'my frame.h5' --set 'a=it'\\''s' ''");
}

TEST(Provenance, TellsNodesRanksAndThreads) {
  Roles roles;
  roles.nnode = 2;
  roles.ranks.resize(5);
  for (std::size_t rank = 3; rank < 5; ++rank) roles.ranks[rank].node = 1;
  EXPECT_EQ(describe_layout(roles, 4), "2 nodes, 2 to 3 ranks each, 4 threads a rank");
  roles.ranks.pop_back();
  roles.ranks[2].node = 1;
  EXPECT_EQ(describe_layout(roles, 1), "2 nodes, 2 ranks each, 1 thread a rank");
}

TEST(Provenance, TellsSlurmsJob) {
  std::map<std::string, std::string> variables;
  const auto slurm = [&] {
    return describe_slurm([&](const char* name) { return variables.count(name) > 0 ? variables[name] : ""; });
  };
  EXPECT_EQ(slurm(), "");
  variables["SLURM_JOB_ID"] = "1234";
  EXPECT_EQ(slurm(), "job 1234");
  variables["SLURM_STEP_ID"] = "0";
  variables["SLURM_CLUSTER_NAME"] = "perlmutter";
  variables["SLURM_ARRAY_JOB_ID"] = "1230";
  variables["SLURM_ARRAY_TASK_ID"] = "4";
  EXPECT_EQ(slurm(), "job 1234 (1230_4), step 0, on perlmutter");
}

TEST(Provenance, TellsProgramMachineAndLibraries) {
  const auto world = comm::test_world();
  const char* words[] = {"zspex"};
  Roles roles;
  roles.ranks.resize(static_cast<std::size_t>(world.size()));
  const auto provenance = make_provenance(1, words, "extract: {}\n", "patch", world, roles);
  EXPECT_FALSE(provenance.version.empty());
  EXPECT_FALSE(provenance.revision.empty());
  EXPECT_FALSE(provenance.host.empty());
  EXPECT_NE(provenance.kokkos.find("Kokkos"), std::string::npos);
  EXPECT_FALSE(provenance.mpi.empty());
  EXPECT_EQ(provenance.config, "extract: {}\n");
  EXPECT_EQ(provenance.nranks, world.size());
  EXPECT_FALSE(provenance.compiler.empty());
  EXPECT_NE(provenance.layout.find("1 node, 1 rank, "), std::string::npos) << provenance.layout;
  EXPECT_EQ(provenance.gpus, "");
  ASSERT_EQ(provenance.started.size(), 20u) << provenance.started;
  EXPECT_EQ(provenance.started.back(), 'Z');
}

}  // namespace
}  // namespace zspex::pipeline
