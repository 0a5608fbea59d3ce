/// \file
/// The stage on all ranks of the test program.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/redshifts.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/redshift.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/redshift/compare_files.hpp"
#include "tests/pipeline/redshift/small_survey.hpp"

namespace zspex::pipeline {

/// A folder with templates and spectra, and what the stage makes of them.
class MpiRedshiftStage : public testing::Test {
 protected:
  MpiRedshiftStage() {
    on_root([&] { write_small_templates(folder_.path()); });
    config_ = small_redshift_config(folder_.path());
    config_.details = folder_ / "details.h5";
    config_.model = folder_ / "model.fits";
  }

  void on_root(const std::function<void()>& action) {
    comm::agree(world_, "write the inputs", [&] {
      if (world_.is_root()) action();
    });
  }
  void write_coadds(int ntargets) {
    on_root([&] { write_survey(folder_ / "coadd.fits", small_survey(config::SimulateKind::coadds, ntargets, 2)); });
  }

  /// \param node_size  ranks that count as a node; 0: as they are
  RedshiftReport run(const comm::Communicator& comm, const config::RedshiftConfig& config, int node_size = 0) {
    Provenance provenance;
    provenance.version = "0.0.0";
    RedshiftOptions options;
    options.node_size = node_size;
    const RedshiftStage stage(comm, config, job_, provenance, out_, err_, options);
    return stage.execute(stage.plan());
  }

  /// What is planned to be enough, where less isn't: one target of a rank at a time. Slices grow with the memory, so that it
  /// takes some rounds.
  double least_memory(config::RedshiftConfig config) {
    config.memory = 1e-6;
    for (int asked = 0; asked < 100; ++asked) {
      ScanMemory memory;
      try {
        memory = RedshiftStage(world_, config, job_, {}, out_, err_).plan().memory;
      } catch (const comm::AgreedError&) {  // not even a template's slices
        config.memory *= 1.1;
        continue;
      }
      if (memory.too_little.empty()) {
        EXPECT_GT(memory.nround, 1u);
        return config.memory;
      }
      // Several ranks have parts of a target on average; one that runs alone has all of it.
      constexpr double gibibyte = 1 << 30, one_target = 1.01;
      config.memory = memory.least / gibibyte * one_target;
    }
    ADD_FAILURE() << "more and more is wanted";
    return 1;
  }

  /// What all ranks together write is what the root alone writes.
  void expect_same_for_any_number_of_ranks(const config::RedshiftConfig& alone) {
    auto together = alone;
    for (auto* path : {&together.output, &together.details, &together.model})
      if (!path->empty()) *path = folder_ / ("together-" + std::filesystem::path(*path).filename().string());
    EXPECT_EQ(run(world_, together).code, ExitCode::success) << err_.str();
    const auto root = world_.split(world_.is_root() ? 0 : -1);
    if (root) {
      EXPECT_EQ(run(root, alone).code, ExitCode::success) << err_.str();
      expect_same_results(alone, together);
    }
    world_.barrier();
  }
  static void expect_same_results(const config::RedshiftConfig& a, const config::RedshiftConfig& b) {
    if (!a.details.empty()) expect_same_hdf5(a.details, b.details);
    if (!a.model.empty()) expect_same_fits(a.model, b.model);
    if (a.output.ends_with(".h5"))
      expect_same_hdf5(a.output, b.output);
    else if (!a.output.empty())
      expect_same_fits(a.output, b.output);
  }

  /// Best rows, on the root; nothing elsewhere.
  std::vector<io::RedshiftRow> best(const std::string& path) {
    return world_.is_root() ? io::read_redshifts(path) : std::vector<io::RedshiftRow>();
  }

  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
  config::RedshiftConfig config_;
  config::JobConfig job_;
  std::ostringstream out_, err_;
};

}  // namespace zspex::pipeline
