// What zspex measure keeps for AUTO, and when AUTO takes it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/machine_file.hpp"
#include "core/host_name.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/machine_cache.hpp"
#include "pipeline/redshift/calibrate.hpp"
#include "tests/pipeline/measure/cache_folder.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

using config::MachineConfig;

MachineConfig here(int ranks) {
  MachineConfig machine;
  machine.name = host_name();
  machine.measured_by = program_and_backend();
  machine.ranks = ranks;
  machine.gpus = kernels::needs_device() ? 1 : 0;
  return machine;
}

TEST(MachineCache, RatesOfAnotherProgramHostOrLayoutAreRefused) {
  const MachineConfig now = here(4);
  EXPECT_EQ(why_other_machine(now, now), "");
  const auto why = [&](auto member, auto value) {
    MachineConfig cached = now;
    cached.*member = value;
    return why_other_machine(cached, now);
  };
  EXPECT_EQ(why(&MachineConfig::measured_by, "zspex 0.0.9, Kokkos 3.4.1 (Serial)"),
            "expected rates of " + now.measured_by + ", found those of zspex 0.0.9, Kokkos 3.4.1 (Serial)");
  EXPECT_NE(why(&MachineConfig::measured_by, "").find("nobody"), std::string::npos);
  EXPECT_NE(why(&MachineConfig::name, "elsewhere").find("found those of elsewhere"), std::string::npos);
  EXPECT_NE(why(&MachineConfig::ranks, 5).find("with 4 ranks of each node, found those with 5"), std::string::npos);
  MachineConfig with_gpus = now, without = now;
  with_gpus.gpus = 4;
  without.gpus = 0;
  EXPECT_NE(why_other_machine(without, with_gpus).find("4 GPUs"), std::string::npos);
}

TEST(MachineCache, RatesAreTakenAndSizesStay) {
  MachineConfig from, to;
  from.nodes = 9;
  from.memory = 1;
  from.host_scan = 77;
  from.jitter = 0.25;
  from.frame_core = 12;
  from.cores = 64;
  to.nodes = 2;
  to.memory = 500;
  to.name = "this machine";
  take_rates(from, to);
  EXPECT_EQ(to.nodes, 2);
  EXPECT_EQ(to.memory, 500);
  EXPECT_EQ(to.name, "this machine");
  EXPECT_EQ(to.host_scan, 77);
  EXPECT_EQ(to.jitter, 0.25);
  EXPECT_EQ(to.frame_core, 12);
  EXPECT_EQ(to.cores, 64);
}

/// AUTO with a cache of its own.
class AutoRates : public SmallRun {
 protected:
  AutoRates() {
    config_.strategy = config::StrategyName::automatic;
    write_survey(folder_ / "coadd.fits", small_survey(config::SimulateKind::coadds, 4));
    config_.output = folder_ / "redshifts.fits";
  }

  void write_cache(const std::string& text, int ranks = 1) {
    const std::string path = machine_cache_path(host_name(), ranks);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
  }
  RedshiftPlan plan(bool dry_run = false, double node_share = 1) {
    config::JobConfig job;
    job.dry_run = dry_run;
    RedshiftOptions options;
    options.roles = assign_roles(world_, world_.split_by_node(), {}, {}, false);
    options.roles->node_share = node_share;
    return RedshiftStage(world_, config_, job, {}, out_, err_, options).plan();
  }

  const CacheFolder cache_{folder_.path()};
};

TEST_F(AutoRates, AreThoseThatWereMeasuredHere) {
  MachineConfig machine = here(1);
  machine.host_scan = 1234.5;
  machine.nodes = 7;
  write_cache(config::machine_yaml(machine, "a heading"));
  for (const bool dry_run : {false, true}) {
    const RedshiftPlan made = plan(dry_run);
    EXPECT_EQ(made.machine.host_scan, 1234.5);
    EXPECT_EQ(made.machine.nodes, 1);
    EXPECT_EQ(made.calibrate_seconds, 0);
    ASSERT_EQ(made.notes.size(), 1u);
    EXPECT_NE(made.notes[0].find("as zspex measure found them"), std::string::npos) << made.notes[0];
  }
  EXPECT_EQ(err_.str(), "");
  config_.calibrate = config::Calibrate::always;
  const RedshiftPlan made = plan();
  EXPECT_NE(made.machine.host_scan, 1234.5);
  EXPECT_GT(made.calibrate_seconds, 0);
  EXPECT_TRUE(made.notes.empty());
}

TEST_F(AutoRates, OfAGroupAreThoseOfItsWholeNode) {
  MachineConfig machine = here(4);
  machine.host_scan = 1234.5;
  write_cache(config::machine_yaml(machine, ""), 4);
  EXPECT_NE(plan().machine.host_scan, 1234.5);
  EXPECT_EQ(plan(false, 0.25).machine.host_scan, 1234.5);
  EXPECT_EQ(plan(false, 0.25).machine.ranks, 1);
}

TEST_F(AutoRates, OfAShortRunAreNotMeasured) {
  const RedshiftPlan made = plan();
  EXPECT_EQ(made.calibrate_seconds, 0);
  EXPECT_EQ(made.machine.host_scan, MachineConfig().host_scan);
  ASSERT_EQ(made.notes.size(), 1u);
  EXPECT_NE(made.notes[0].find("nothing measured"), std::string::npos) << made.notes[0];
  EXPECT_GT(plan(true).calibrate_seconds, 0) << "who asks for a plan wants this machine's";
}

TEST_F(AutoRates, OfABrokenCacheAreAWarning) {
  MachineConfig other = here(1);
  other.measured_by = "zspex 0.0.9, Kokkos 3.4.1 (Serial)";
  for (const std::string& text : {std::string("machine: [\n"), std::string("machine:\n  host_scan: -1\n"),
                                  std::string(""), config::machine_yaml(other, "")}) {
    write_cache(text);
    err_.str("");
    const RedshiftPlan made = plan();
    EXPECT_EQ(made.machine.host_scan, MachineConfig().host_scan);
    EXPECT_NE(err_.str().find("isn't used: "), std::string::npos) << text << err_.str();
    EXPECT_NE(err_.str().find("zspex measure writes it anew"), std::string::npos) << err_.str();
  }
}

}  // namespace
}  // namespace zspex::pipeline
