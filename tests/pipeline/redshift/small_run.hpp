/// \file
/// Runs of the stage by one rank, in a folder of their own with templates.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "config/machine_config.hpp"
#include "config/redshift_config.hpp"
#include "io/redshifts.hpp"
#include "pipeline/redshift/redshift.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/redshift/small_survey.hpp"

namespace zspex::pipeline {

class SmallRun : public testing::Test {
 protected:
  SmallRun() {
    write_small_templates(folder_.path());
    config_ = small_redshift_config(folder_.path());
    config_.details = folder_ / "details.h5";
  }

  /// \param name  of the output and the details, without their suffixes
  RedshiftReport run(const std::string& name = "redshifts") {
    config_.output = folder_ / (name + ".fits");
    config_.details = folder_ / (name + ".h5");
    const RedshiftStage stage(world_, config_, {}, {}, out_, err_);
    return stage.execute(stage.plan());
  }

  /// The message that a run is refused with; its exit code must be this one.
  std::string refusal(ExitCode code) {
    try {
      run();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    return "(not refused)";
  }
  void expect_refusal(ExitCode code, const std::vector<std::string>& words) {
    const std::string what = refusal(code);
    for (const std::string& word : words) EXPECT_NE(what.find(word), std::string::npos) << word << " not in: " << what;
  }

  /// The best row of a target; from the FITS file.
  io::RedshiftRow best(std::int64_t targetid, const std::string& name = "redshifts") const {
    for (const auto& row : io::read_redshifts(folder_ / (name + ".fits")))
      if (row.targetid == targetid) return row;
    ADD_FAILURE() << "target " << targetid << " is missing";
    return {};
  }

  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
  config::RedshiftConfig config_;
  std::ostringstream out_, err_;
};

/// A node with four GPUs, to plan for.
inline config::MachineConfig node_of_four_gpus() {
  config::MachineConfig node;
  node.name = "a node of four GPUs";
  node.memory = 256;
  node.gpus = 4;
  node.gpu_memory = 40;
  return node;
}

/// The scans and all minima of these targets are the same in two details files, bit for bit.
void expect_same_answers(const std::string& one, const std::string& other, const std::vector<std::int64_t>& targetid);

}  // namespace zspex::pipeline
