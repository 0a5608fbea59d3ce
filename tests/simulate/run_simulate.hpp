/// \file
/// Tests that run `zspex simulate` into a folder of their own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "simulate/simulate.hpp"

namespace zspex::simulate {

class RunSimulateTest : public testing::Test {
 protected:
  RunSimulateTest() { std::filesystem::remove_all(folder_); }
  ~RunSimulateTest() override { std::filesystem::remove_all(folder_); }

  /// \return what was told
  std::string run(const Share& share = {}) {
    std::ostringstream out;
    io::OutputFolders folders;
    run_simulate(config_, job_, share, folders, out);
    return out.str();
  }
  /// CCDs that show the expectation.
  void leave_out_noise_and_defects() {
    config_.noise = false;
    config_.cosmics = 0;
    config_.dead_columns = 0;
    config_.hot_pixels = 0;
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      ("zspex-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
       std::to_string(::getpid()));
  config::SimulateConfig config_;
  config::JobConfig job_;
};

}  // namespace zspex::simulate
