// Strategies as data, and what is planned for them on machines that are only described.
#include "pipeline/redshift/strategy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>

#include "core/error.hpp"
#include "core/format.hpp"
#include "pipeline/redshift/choose.hpp"
#include "pipeline/redshift/slice.hpp"
#include "pipeline/redshift/target_store.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

using N = config::StrategyName;
using kernels::BackendKind;

TEST(Strategies, PlacePiecesAsTheyAreDefined) {
  struct Row {
    N name;
    const char* text;
    BackendKind rebin, convolve, fit, refine;
    Dealing dealing;
    Holding templates;
    bool all_on_gpus;
    config::Era era = config::Era::today;
    bool redeal = false;
  };
  constexpr auto published = config::Era::published;
  constexpr auto host = BackendKind::host, device = BackendKind::device;
  const Row rows[] = {
      {N::cpu, "CPU", host, host, host, host, Dealing::even, Holding::ring, false},
      {N::gpu_v1, "GPU_V1", host, host, device, host, Dealing::even, Holding::ring, true},
      {N::gpu_v2, "GPU_V2", host, device, device, device, Dealing::even, Holding::ring, true},
      {N::gpu_v3, "GPU_V3", device, device, device, device, Dealing::even, Holding::full, true},
      {N::gpu_v4, "GPU_V4", device, device, device, device, Dealing::capacity, Holding::full, false},
      {N::gpu_v5, "GPU_V5", host, device, device, device, Dealing::capacity, Holding::node, false},
      {N::gpu_v6, "GPU_V6", device, device, device, device, Dealing::dynamic, Holding::tiles, false},
      {N::cpu, "CPU", host, host, host, host, Dealing::even, Holding::ring, false, published},
      {N::gpu_v1, "GPU_V1", host, host, device, host, Dealing::even, Holding::ring, true, published},
      {N::gpu_v2, "GPU_V2", host, device, device, host, Dealing::even, Holding::ring, true, published},
      {N::gpu_v3, "GPU_V3", host, device, device, host, Dealing::even, Holding::full, true, published},
      {N::gpu_v4, "GPU_V4", host, device, device, host, Dealing::capacity, Holding::full, false, published, true},
      {N::gpu_v5, "GPU_V5", host, device, device, host, Dealing::capacity, Holding::gathered, false, published, true},
  };
  ASSERT_EQ(all_strategies().size() + all_strategies(published).size(), std::size(rows));
  for (const Row& row : rows) {
    const Strategy strategy = strategy_of(row.name, row.era);
    SCOPED_TRACE(strategy.title());
    EXPECT_EQ(strategy.era, row.era);
    EXPECT_EQ(strategy.redeal, row.redeal);
    EXPECT_STREQ(strategy.text(), row.text);
    EXPECT_EQ(strategy.rebin, row.rebin);
    EXPECT_EQ(strategy.convolve, row.convolve);
    EXPECT_EQ(strategy.fit, row.fit);
    EXPECT_EQ(strategy.refine, row.refine);
    EXPECT_EQ(strategy.dealing, row.dealing);
    EXPECT_EQ(strategy.templates, row.templates);
    EXPECT_EQ(strategy.all_on_gpus, row.all_on_gpus);
    EXPECT_EQ(strategy.uses_gpus(), row.name != N::cpu);
  }
}

TEST(Strategies, CustomIsAnotherWithSomeColumnsChanged) {
  config::RedshiftConfig config;
  config.strategy = N::custom;
  config.custom_like = N::gpu_v4;
  config.custom_refine = config::Place::host;
  config.custom_redeal = true;
  const Strategy like = strategy_of(N::gpu_v4), custom = strategy_of(config);
  EXPECT_STREQ(custom.text(), "CUSTOM");
  EXPECT_EQ(custom.refine, BackendKind::host);
  EXPECT_TRUE(custom.redeal);
  EXPECT_EQ(custom.rebin, like.rebin);
  EXPECT_EQ(custom.templates, like.templates);
  EXPECT_EQ(custom.all_on_gpus, like.all_on_gpus);
  config.era = config::Era::published;
  EXPECT_EQ(strategy_of(config).rebin, BackendKind::host) << "like that of 2021";
}

TEST(Strategies, ColumnsThatDoNotGoTogetherAreRefused) {
  using config::Place;
  const auto refusal = [](N like, const std::function<void(config::RedshiftConfig&)>& change) -> std::string {
    config::RedshiftConfig config;
    config.strategy = N::custom;
    config.custom_like = like;
    change(config);
    try {
      strategy_of(config);
      return "";
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  const auto expect = [&](const char* key, N like, const std::function<void(config::RedshiftConfig&)>& change) {
    EXPECT_NE(refusal(like, change).find(std::string("redshift.") + key + ": expected"), std::string::npos)
        << key << ": " << refusal(like, change);
  };
  expect("custom_refine", N::cpu, [](auto& c) { c.custom_refine = Place::gpu; });
  expect("custom_convolve", N::cpu, [](auto& c) { c.custom_convolve = Place::gpu; });
  expect("custom_rebin", N::gpu_v1, [](auto& c) { c.custom_rebin = Place::gpu; });
  expect("custom_dealing", N::gpu_v6, [](auto& c) { c.custom_templates = Holding::full; });
  expect("custom_dealing", N::gpu_v4, [](auto& c) { c.custom_dealing = Dealing::dynamic; });
  expect("custom_redeal", N::gpu_v6, [](auto& c) { c.custom_redeal = true; });
  expect("gpu_ranks", N::gpu_v2, [](auto& c) { c.gpu_ranks = 2; });
  expect("era", N::gpu_v6, [](auto& c) { c.era = config::Era::published; });
  EXPECT_EQ(refusal(N::gpu_v2, [](auto& c) { c.custom_gpus = config::GpuUsers::one, c.gpu_ranks = 2; }), "");
}

/// Plans of the small survey for a node with four GPUs.
class StrategyPlans : public SmallRun {
 protected:
  StrategyPlans() {
    write_survey(folder_ / "coadd.fits", small_survey(config::SimulateKind::coadds, 5));
    node_.ranks = 64;
    plan_ = RedshiftStage(world_, config_, {}, {}, out_, err_).plan();
  }

  /// As many targets, all like the first.
  void set_ntarget(std::size_t n) {
    plan_.targets.targetid.resize(n);
    std::iota(plan_.targets.targetid.begin(), plan_.targets.targetid.end(), 1);
    plan_.targets.sources.assign(n, plan_.targets.sources[0]);
  }
  StrategyPlan plan(N name) {
    return plan_strategy(strategy_of(name), *plan_.fitter, plan_.targets, config_, node_, false);
  }
  std::vector<StrategyPlan> all() { return plan_strategies(*plan_.fitter, plan_.targets, config_, node_, false); }

  config::MachineConfig node_ = node_of_four_gpus();
  RedshiftPlan plan_;
};

TEST_F(StrategyPlans, DealTargetsByCapacity) {
  config_.gpu_capacity = 15;
  for (const N name : {N::gpu_v4, N::gpu_v5}) {
    const Deployment where = plan(name).where;
    EXPECT_EQ(where.gpu_ranks, 4);
    EXPECT_EQ(where.ranks_per_gpu(), 1);
    // 60 CPU ranks and 4 of 15 times their capacity have as many parts.
    EXPECT_NEAR(where.share(false), 1 / 120.0, 1e-15);
    EXPECT_NEAR(where.share(true), 15 / 120.0, 1e-15);
  }
  const Deployment all_on_gpus = plan(N::gpu_v3).where;
  EXPECT_EQ(all_on_gpus.gpu_ranks, 64);
  EXPECT_EQ(all_on_gpus.ranks_per_gpu(), 16);
  EXPECT_EQ(all_on_gpus.share(true), 1 / 64.0);
  EXPECT_EQ(plan(N::cpu).where.gpu_ranks, 0);
}

TEST_F(StrategyPlans, RefuseGpuRanksThatThereAreNoGpusFor) {
  config_.gpu_ranks = 5;
  EXPECT_NE(plan(N::gpu_v4).cannot.find("expected at most as many GPU ranks as GPUs, found 5 for 4"),
            std::string::npos);
  EXPECT_EQ(plan(N::gpu_v3).cannot, "") << "there all ranks use one";
  config_.gpu_ranks = 0;
  config_.max_gpu_ranks = 3;
  EXPECT_EQ(plan(N::gpu_v4).where.gpu_ranks, 3) << "a limit is no demand";
  config_.max_gpu_ranks = 5;
  EXPECT_EQ(plan(N::gpu_v4).where.gpu_ranks, 4);
  config_.gpu_ranks = 3;
  node_.ranks = 2;
  EXPECT_NE(plan(N::gpu_v6).cannot.find("expected at most as many GPU ranks as ranks, found 3 for 2"),
            std::string::npos);
  node_.gpus = 0;
  EXPECT_NE(plan(N::gpu_v1).cannot.find("expected a GPU on each node, found none. Choose strategy CPU."),
            std::string::npos);
}

TEST_F(StrategyPlans, CountWhatAllRanksOfAGpuHoldOnIt) {
  const auto& fitter = *plan_.fitter;
  // GPU_V3 and GPU_V4 have the rebinned templates, at all redshifts, on a GPU; GPU_V6 has two slices.
  double full = 0, slice = 0, spectra = 0;
  double own = node_.gpu_overhead * mebibyte;  // of a process, beside what it holds
  std::size_t workspace = 0;
  for (int it = 0; it < static_cast<int>(fitter.templates().size()); ++it) {
    const auto& tmpl = fitter.templates()[static_cast<std::size_t>(it)];
    const int nz = static_cast<int>(tmpl.redshifts.size()), n = std::min(slice_redshifts(fitter, it, config_), nz);
    full += static_cast<double>(fitter.slice_bytes(it, nz));
    slice = std::max(slice, static_cast<double>(fitter.slice_bytes(it, n)));
    own += static_cast<double>(fitter.table_bytes(it));
    workspace = std::max(
        workspace, kernels::device_workspace_bytes(tmpl.nbasis(), static_cast<std::size_t>(n) * plan_.targets.size()));
  }
  for (int i = 0; i < 5; ++i)
    spectra = std::max(
        spectra, static_cast<double>(TargetStore::target_size(fitter, plan_.targets, i, config_.allspec).bytes()));
  own += static_cast<double>(workspace);
  for (const int ranks_per_gpu : {1, 2, 5, 16}) {
    SCOPED_TRACE(ranks_per_gpu);
    node_.ranks = 4 * ranks_per_gpu;
    const int most = ranks_per_gpu == 1 ? 2 : 1;  // of five targets
    EXPECT_EQ(plan(N::gpu_v3).memory.gpu, ranks_per_gpu * (own + full + most * spectra));
    const StrategyPlan v4 = plan(N::gpu_v4), v6 = plan(N::gpu_v6);
    EXPECT_EQ(v4.memory.gpu, own + full + std::ceil(5 * v4.where.share(true)) * spectra) << "one rank per GPU";
    EXPECT_EQ(v6.memory.gpu, own + 2 * slice + 5 * spectra) << "one rank per GPU";
  }
}

TEST_F(StrategyPlans, SayHowManyRanksFitAndNoMoreDo) {
  node_.gpu_memory = 4;
  const StrategyPlan some = plan(N::gpu_v3);
  ASSERT_GT(some.most_ranks, 0);
  ASSERT_LT(some.most_ranks, 64);
  EXPECT_FALSE(some.usable());
  EXPECT_NE(some.memory.too_little.find("on a GPU for the 16 ranks that share it"), std::string::npos)
      << some.memory.too_little;
  node_.ranks = some.most_ranks;
  EXPECT_TRUE(plan(N::gpu_v3).usable()) << plan(N::gpu_v3).memory.too_little;
  node_.ranks = some.most_ranks + 1;
  EXPECT_FALSE(plan(N::gpu_v3).usable());
  EXPECT_TRUE(plan(N::gpu_v6).usable()) << "which has one rank per GPU";
}

TEST_F(StrategyPlans, TakeSeveralRoundsWhereMemoryIsSmall) {
  set_ntarget(100000);
  config_.memory = 1;
  node_.ranks = 4;
  node_.gpu_memory = 1000;
  double before = 0;
  for (const double memory : {0.1, 0.2, 0.4, 1.0, 10.0}) {
    config_.memory = memory;
    for (const N name : {N::cpu, N::gpu_v2, N::gpu_v6}) {
      const StrategyPlan found = plan(name);
      ASSERT_TRUE(found.usable()) << found.reason();
      EXPECT_EQ(found.memory.round, (100000 + found.memory.nround - 1) / found.memory.nround);
      EXPECT_EQ(found.memory.least, 0);
      // Of a rank's own, or of the four ranks of a node where they share it all.
      const bool dynamic = name == N::gpu_v6, on_gpu = name != N::cpu;
      const Footprint print =
          footprint_of(*found.strategy, *plan_.fitter, plan_.targets, config_, node_, false, plan_.targets.size());
      const Bytes own = (on_gpu ? print.gpu_rank : print.cpu_rank) + print.reading + print.scanning;
      const Bytes held = dynamic ? Bytes{print.node.fixed + 4 * own.fixed, print.node.target} : own;
      const double share = dynamic ? 1 : found.where.share(on_gpu), budget = (dynamic ? 4 : 1) * memory * gibibyte;
      const double n = static_cast<double>(found.memory.nround);
      EXPECT_LE(held.of(share * static_cast<double>(found.memory.round)), budget) << found.strategy->text();
      if (n > 1) {
        EXPECT_GT(held.of(share * std::ceil(100000 / (n - 1))), budget) << "fewer rounds would do";
      }
      const double rank = (on_gpu ? found.memory.gpu_rank : found.memory.cpu_rank) - print.base;
      EXPECT_LE(dynamic ? 4 * rank + found.memory.shared : rank, budget + held.target)
          << "a target more by rounding up";
    }
    const double round = static_cast<double>(plan(N::cpu).memory.round);
    EXPECT_GE(round, before);
    before = round;
  }
  EXPECT_EQ(before, 100000) << "10 GiB per rank hold them all";
}

TEST_F(StrategyPlans, BudgetsTooSmallForOneTileAreRefusedWithWhatIsNeeded) {
  config_.device_memory = 1e-3;
  for (const N name : {N::gpu_v1, N::gpu_v2, N::gpu_v3, N::gpu_v4, N::gpu_v5, N::gpu_v6}) {
    const std::string why = plan(name).memory.too_little;
    EXPECT_NE(why.find("on a GPU"), std::string::npos) << why;
    EXPECT_NE(why.find("found 0.001 GiB. Raise redshift.device_memory"), std::string::npos) << why;
    // With as much as it asks for it can be used, with less it can't.
    const double least = plan(name).memory.least / gibibyte;
    char text[64];
    std::snprintf(text, sizeof text, "expected at least %.3g GiB on a GPU", least);
    EXPECT_NE(why.find(text), std::string::npos) << why;
    config_.device_memory = least * (1 - 1e-12);
    EXPECT_NE(plan(name).memory.too_little, "");
    config_.device_memory = least * (1 + 1e-12);
    EXPECT_EQ(plan(name).memory.too_little, "");
    config_.device_memory = 1e-3;
  }
  EXPECT_TRUE(plan(N::cpu).usable());
}

TEST_F(StrategyPlans, PredictLessTimeForFasterMachines) {
  set_ntarget(500);
  for (const N name : {N::cpu, N::gpu_v1, N::gpu_v2, N::gpu_v3, N::gpu_v4, N::gpu_v5, N::gpu_v6}) {
    const double now = plan(name).time.total();
    EXPECT_GT(now, 0);
    const auto slower = node_;
    node_.host_scan *= 2;
    node_.host_fine *= 2;
    node_.host_rebin *= 2;
    node_.gpu_scan *= 2;
    node_.gpu_fine *= 2;
    node_.gpu_rebin *= 2;
    node_.gpu_bandwidth *= 2;
    node_.ring_bandwidth *= 2;
    EXPECT_NEAR(plan(name).time.total(), now / 2, 1e-9 * now) << strategy_of(name).text();
    node_ = slower;
  }
}

TEST_F(StrategyPlans, CpuTimeIsItsOperationsByItsRate) {
  set_ntarget(64);
  const auto& fitter = *plan_.fitter;
  double operations = 0;
  for (std::size_t it = 0; it < fitter.templates().size(); ++it) {
    const auto& tmpl = fitter.templates()[it];
    const double n = tmpl.nbasis(), npixel = static_cast<double>(fitter.npixel());
    operations += static_cast<double>(tmpl.redshifts.size()) *
                  (npixel * (n * (2 * fitter.max_ndiag() + 1) + (n + 1) * (n + 2)) + 2.0 / 3 * n * n * n);
  }
  const double threads = static_cast<double>(kernels::host_concurrency());
  EXPECT_NEAR(plan(N::cpu).time.scan, operations / (1e9 * node_.host_scan * threads), 1e-12) << "one target a rank";
  set_ntarget(640);
  EXPECT_NEAR(plan(N::cpu).time.scan, 10 * operations / (1e9 * node_.host_scan * threads), 1e-11);
}

TEST_F(StrategyPlans, TheFastestIsChosenOfEquallyFastOnesTheSmallest) {
  auto plans = all();
  ASSERT_EQ(plans.size(), 7u);
  for (auto& one : plans) {
    one.time = {0, 1, 0, 0};
    one.memory.node = 10;
    one.memory.too_little.clear();
    one.cannot.clear();
  }
  const std::size_t v2 = 2, v4 = 4, v6 = 6;
  plans[v4].time.scan = 0.5;
  EXPECT_EQ(choose(plans, false), v4);
  plans[v6].time.scan = 0.51;  // within 3 %
  EXPECT_EQ(choose(plans, false), v4);
  plans[v6].memory.node = 9;
  EXPECT_EQ(choose(plans, false), v6);
  EXPECT_EQ(why(plans, v6), "GPU_V6: 0.51 s predicted, 0.98 times the speed of GPU_V4");
  plans[v6].memory.too_little = "expected more";
  EXPECT_EQ(choose(plans, false), v4);
  plans[v2].time.scan = 0.1;
  EXPECT_EQ(choose(plans, false), v2);
  EXPECT_EQ(choose(plans, true), v4) << "all ranks of GPU_V2 would use a GPU";
  for (auto& one : plans) one.cannot = "no GPU";
  plans[v2].cannot = "too wide";
  try {
    choose(plans, false);
    FAIL() << "expected a refusal";
  } catch (const ConfigError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("redshift.strategy"), std::string::npos) << what;
    EXPECT_NE(what.find("GPU_V2: too wide"), std::string::npos) << what;
    EXPECT_NE(what.find("GPU_V6: no GPU"), std::string::npos) << what;
  }
}

TEST_F(StrategyPlans, AreATableWithTheChoiceMarked) {
  const auto plans = all();
  std::ostringstream table;
  print_strategies(plans, choose(plans, false), node_, 5, table);
  const std::string text = table.str();
  EXPECT_NE(text.find("strategies on a node of four GPUs: 1 node of 64 ranks, 256 GiB and 4 GPUs of 40 GiB; 5 targets"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(std::string("-> ") + plans[choose(plans, false)].strategy->text()), std::string::npos) << text;
  for (const Strategy& strategy : all_strategies()) EXPECT_NE(text.find(strategy.text()), std::string::npos) << text;
}

}  // namespace
}  // namespace zspex::pipeline
