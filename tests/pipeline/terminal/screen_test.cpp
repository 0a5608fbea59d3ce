#include "pipeline/terminal/screen.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace zspex::terminal {
namespace {

using config::ProgressShow;

/// A folder like /proc, with invented processes.
class Screen : public testing::Test {
 protected:
  Screen() {
    std::string name = testing::TempDir() + "zspex-proc-XXXXXX";
    proc_ = mkdtemp(name.data());
  }
  ~Screen() override { std::filesystem::remove_all(proc_); }

  void process(long id, long parent, const std::string& name, const std::string& output) {
    const std::string folder = proc_ + "/" + std::to_string(id);
    std::filesystem::create_directories(folder + "/fd");
    std::ofstream(folder + "/status") << "Name:\t" << name << "\nPid:\t" << id << "\nPPid:\t" << parent << "\n";
    std::ofstream(folder + "/comm") << name << "\n";
    if (!output.empty()) std::filesystem::create_symlink(output, folder + "/fd/1");
  }

  std::string proc_;
};

TEST_F(Screen, TheLaunchersOutputIsFoundThroughWrappers) {
  process(1, 0, "init", "/dev/null");
  process(10, 1, "bash", "/dev/pts/0");
  process(20, 10, "mpirun", "/home/me/night.log");
  process(21, 20, "with_mps.sh", "/dev/pts/5");
  process(22, 21, "zspex", "/dev/pts/5");
  EXPECT_EQ(launcher_output(proc_, 22), "/home/me/night.log");
  process(30, 10, "prterun", "pipe:[4711]");
  process(31, 30, "zspex", "/dev/pts/6");
  EXPECT_EQ(launcher_output(proc_, 31), "pipe:[4711]");
}

TEST_F(Screen, WithoutALauncherThereIsNone) {
  process(1, 0, "init", "/dev/null");
  process(10, 1, "bash", "/dev/pts/0");
  process(11, 10, "zspex", "/dev/pts/0");
  EXPECT_EQ(launcher_output(proc_, 11), "");
  process(20, 10, "mpiexec.openmpi", "");  // of another user: its output can't be read
  process(21, 20, "zspex", "/dev/pts/1");
  EXPECT_EQ(launcher_output(proc_, 21), "");
  EXPECT_EQ(launcher_output(proc_, 999), "");
  process(40, 40, "loop", "/dev/null");
  EXPECT_EQ(launcher_output(proc_, 40), "") << "a process that is its own parent";
}

TEST_F(Screen, WhatIsAskedForIsShown) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(progress_style(ProgressShow::automatic, ends[1]).mode, Progress::Mode::log);
  EXPECT_EQ(progress_style(ProgressShow::bar, ends[1]).mode, Progress::Mode::terminal);
  EXPECT_EQ(progress_style(ProgressShow::lines, ends[1]).mode, Progress::Mode::log);
  EXPECT_EQ(progress_style(ProgressShow::none, ends[1]).mode, Progress::Mode::silent);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace zspex::terminal
