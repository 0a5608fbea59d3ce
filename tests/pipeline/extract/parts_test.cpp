// The stage's smaller parts: who works with whom, the thread for files, plans, codes, timings, provenance.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "pipeline/extract/background_thread.hpp"
#include "pipeline/extract/frame_comms.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/extract/report.hpp"
#include "pipeline/provenance.hpp"
#include "pipeline/timing.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/extract/small_instrument.hpp"

namespace zspex::pipeline {
namespace {

TEST(MpiFrameComms, GroupsAreMadeOfWholeNodesAndEachHasAFrame) {
  const auto world = comm::test_world();
  for (const int per_node : {1, 2, 3}) {
    for (const int nframe : {1, 2, 3, 100}) {
      const FrameComms comms = make_frame_comms(world, world.split(world.rank() / per_node), nframe);
      const int nnode = (world.size() + per_node - 1) / per_node;
      EXPECT_EQ(comms.ngroup, std::min(nnode, nframe));
      // Everybody is in one group; groups are 0 ... ngroup - 1; nodes within a group are 0 ... nnode - 1.
      const auto groups = comm::all_gather(world, comms.igroup);
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
  try {
    plan_extract(config, job_, {});
    FAIL() << "an output would have been overwritten";
  } catch (const FileError& error) {
    EXPECT_EQ(error.code(), ExitCode::output);
  }
  job_.resume = true;
  const auto plan = plan_extract(config, job_, {});
  EXPECT_EQ(plan.frames.size(), 2u);  // what is there is no whole frame: it is made again
  EXPECT_TRUE(plan.already_done.empty());
  ASSERT_EQ(plan.notes.size(), 2u);
  EXPECT_NE(plan.notes[0].find("missing"), std::string::npos) << plan.notes[0];
  EXPECT_NE(plan.notes[1].find("not whole"), std::string::npos) << plan.notes[1];
}

TEST(Outcomes, TheCodeOfAllIsThatOfTheOneOrPartial) {
  const auto code = [](std::vector<ExitCode> codes) {
    std::vector<FrameOutcome> frames;
    for (const ExitCode c : codes) frames.emplace_back().code = c;
    return overall_code(frames);
  };
  EXPECT_EQ(code({ExitCode::success, ExitCode::success}), ExitCode::success);
  EXPECT_EQ(code({ExitCode::success, ExitCode::input}), ExitCode::partial);
  EXPECT_EQ(code({ExitCode::output, ExitCode::input}), ExitCode::output);
  EXPECT_EQ(code({ExitCode::numerics}), ExitCode::numerics);
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

TEST(Provenance, TellsProgramMachineAndLibraries) {
  const char* words[] = {"zspex"};
  const auto provenance = make_provenance(1, words, "extract: {}\n", "patch", 3);
  EXPECT_FALSE(provenance.version.empty());
  EXPECT_FALSE(provenance.revision.empty());
  EXPECT_FALSE(provenance.host.empty());
  EXPECT_NE(provenance.kokkos.find("Kokkos"), std::string::npos);
  EXPECT_FALSE(provenance.mpi.empty());
  EXPECT_EQ(provenance.config, "extract: {}\n");
  EXPECT_EQ(provenance.nranks, 3);
  ASSERT_EQ(provenance.started.size(), 20u) << provenance.started;
  EXPECT_EQ(provenance.started.back(), 'Z');
}

}  // namespace
}  // namespace zspex::pipeline
