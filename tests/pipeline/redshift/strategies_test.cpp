// The stage with each strategy, on 1 to 8 ranks: the same answers; and what is told of ranks and strategies.
#include <algorithm>
#include <cmath>
#include <functional>

#include "io/detail/hdf5_reader.hpp"
#include "tests/pipeline/redshift/mpi_stage.hpp"

namespace zspex::pipeline {
namespace {

using N = config::StrategyName;
constexpr N with_gpus[] = {N::gpu_v1, N::gpu_v2, N::gpu_v3, N::gpu_v4, N::gpu_v5, N::gpu_v6};

class MpiStrategies : public MpiRedshiftStage {
 protected:
  /// The configuration with other outputs.
  config::RedshiftConfig other(N strategy) const {
    auto config = config_;
    config.strategy = strategy;
    config.output = folder_ / "other.fits";
    config.details = folder_ / "other.h5";
    config.model = folder_ / "other-model.fits";
    return config;
  }
  /// Targets times redshifts of all templates, as a details file has them.
  static double all_fits(const std::string& details, std::size_t ntarget) {
    std::size_t nz = 0;
    for (const std::string& type : io::zscan_types(details)) nz += io::read_zscan(details, type, {}).redshifts.size();
    return static_cast<double>(nz * ntarget);
  }
  /// Files of the root alone, strategy CPU.
  void run_alone() {
    const auto root = world_.split(world_.is_root() ? 0 : -1);
    if (root) run(root, config_);
    world_.barrier();
  }
};

TEST_F(MpiStrategies, AllGiveTheFilesOfOneRankAlone) {
  write_coadds(5);
  run_alone();
  std::vector<N> names(std::begin(with_gpus), std::end(with_gpus));
  names.insert(names.end(), {N::cpu, N::automatic});
  for (const N name : names) {
    SCOPED_TRACE(static_cast<int>(name));
    for (const int node_size : {0, 2}) {  // two ranks per node, and with three ranks one alone
      if (node_size > 0 && world_.size() <= node_size) continue;
      run(world_, other(name), node_size);
      if (world_.is_root()) expect_same_results(config_, other(name));
      world_.barrier();
    }
  }
}

TEST_F(MpiStrategies, SoDoThoseOf2021) {
  write_coadds(6);
  run_alone();
  for (const Strategy& strategy : all_strategies(config::Era::published))
    for (const double capacity : {1.0, 4.0}) {
      SCOPED_TRACE(strategy.title() + ", capacity " + std::to_string(capacity));
      auto config = other(strategy.name);
      config.era = config::Era::published;
      config.gpu_capacity = capacity;
      config.slice = 7;
      const RedshiftReport report = run(world_, config);
      if (world_.is_root()) {
        expect_same_results(config_, config);
        const bool dealt_again = std::any_of(report.timing.begin(), report.timing.end(), [](const Timing& step) {
          return step.step == "deal again" && step.max_seconds > 0;
        });
        EXPECT_EQ(dealt_again, strategy.redeal && world_.size() > 1);
      }
      world_.barrier();
    }
}

// Each column by itself, and together with those that it needs.
TEST_F(MpiStrategies, SoDoesEveryColumnOfCustom) {
  using config::Place;
  write_coadds(6);
  run_alone();
  struct Case {
    N like;
    const char* what;
    std::function<void(config::RedshiftConfig&)> change;
  };
  const Case cases[] = {
      {N::cpu, "capacity on a ring", [](auto& c) { c.custom_dealing = Dealing::capacity; }},
      {N::gpu_v1, "refined by the GPU", [](auto& c) { c.custom_refine = Place::gpu; }},
      {N::gpu_v1, "one rank a GPU", [](auto& c) { c.custom_gpus = config::GpuUsers::one; }},
      {N::gpu_v2, "rebinned by the GPU", [](auto& c) { c.custom_rebin = Place::gpu; }},
      {N::gpu_v3, "rebinned by the host", [](auto& c) { c.custom_rebin = Place::host; }},
      {N::gpu_v3, "convolved by the host", [](auto& c) { c.custom_rebin = c.custom_convolve = Place::host; }},
      {N::gpu_v4, "gathered", [](auto& c) { c.custom_templates = Holding::gathered; }},
      {N::gpu_v4, "dealt anew", [](auto& c) { c.custom_redeal = true; }},
      {N::gpu_v5, "rebinned by the GPU", [](auto& c) { c.custom_rebin = Place::gpu; }},
      {N::gpu_v5, "convolved by the host", [](auto& c) { c.custom_convolve = Place::host; }},
      {N::gpu_v6, "rebinned by the host", [](auto& c) { c.custom_rebin = Place::host; }},
      {N::gpu_v6, "convolved by the host", [](auto& c) { c.custom_rebin = c.custom_convolve = Place::host; }},
      {N::gpu_v6, "refined by the host, all on GPUs",
       [](auto& c) {
         c.custom_refine = Place::host;
         c.custom_gpus = config::GpuUsers::all;
       }},
      {N::gpu_v6, "all by the host",
       [](auto& c) { c.custom_rebin = c.custom_convolve = c.custom_fit = c.custom_refine = Place::host; }},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(std::to_string(static_cast<int>(one.like)) + ", " + one.what);
    auto config = other(N::custom);
    config.custom_like = one.like;
    config.gpu_capacity = 3;
    config.slice = 7;
    one.change(config);
    run(world_, config);
    if (world_.is_root()) expect_same_results(config_, config);
    world_.barrier();
  }
}

TEST_F(MpiStrategies, SomeGpuRanksAndSmallSlicesDoToo) {
  write_coadds(6);
  run_alone();
  for (const N name : {N::gpu_v4, N::gpu_v5, N::gpu_v6})
    for (const int gpu_ranks : {1, 2, 3}) {
      if (gpu_ranks > world_.size()) continue;
      SCOPED_TRACE(std::to_string(static_cast<int>(name)) + ", GPU ranks: " + std::to_string(gpu_ranks));
      auto config = other(name);
      config.gpu_ranks = gpu_ranks;
      config.gpu_capacity = 2.5;
      config.slice = 5;
      run(world_, config);
      if (world_.is_root()) expect_same_results(config_, config);
      world_.barrier();
    }
}

TEST_F(MpiStrategies, GpuKernelsAgreeWithTheHostsAndAmongThemselves) {
  // The kernels of a GPU, on the host: they sum in another order. In double, chi^2 is the same within 1e-9.
  write_coadds(5);
  config_.precision = config::Precision::full;
  run_alone();
  auto alone = other(N::gpu_v2);
  alone.device_kernels = config::DeviceKernels::teams;
  for (auto* path : {&alone.output, &alone.details, &alone.model}) path->insert(path->rfind('/') + 1, "alone-");
  const auto root = world_.split(world_.is_root() ? 0 : -1);
  if (root) run(root, alone);
  world_.barrier();
  for (const N name : with_gpus) {
    SCOPED_TRACE(static_cast<int>(name));
    auto config = other(name);
    config.device_kernels = config::DeviceKernels::teams;
    run(world_, config);
    if (world_.is_root()) {
      const auto expected = best(config_.output), found = best(config.output);
      ASSERT_EQ(expected.size(), found.size());
      std::vector<std::int64_t> ids;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ids.push_back(expected[i].targetid);
        EXPECT_EQ(found[i].spectype, expected[i].spectype);
        EXPECT_EQ(found[i].zwarn, expected[i].zwarn);
        EXPECT_NEAR(found[i].z, expected[i].z, 1e-9);
        EXPECT_NEAR(found[i].chi2, expected[i].chi2, 1e-6 * expected[i].chi2);  // float32 in the file
      }
      for (const std::string& type : io::zscan_types(config_.details)) {
        const auto a = io::read_zscan(config_.details, type, ids), b = io::read_zscan(config.details, type, ids);
        for (std::size_t i = 0; i < ids.size(); ++i)
          for (std::size_t k = 0; k < a.redshifts.size(); ++k)
            ASSERT_NEAR(b.zchi2.row(i)[k], a.zchi2.row(i)[k], 1e-6 * a.zchi2.row(i)[k]) << type;
      }
      // Where all ranks use these kernels, any number of ranks gives the same bits.
      if (name == N::gpu_v2 || name == N::gpu_v3) expect_same_results(alone, config);
    }
    world_.barrier();
  }
}

// That the slower side takes fewer turns is MpiTileQueue's and MpiPacedCounter's.
TEST_F(MpiStrategies, ASlowRankChangesNothing) {
  if (world_.size() < 2) GTEST_SKIP() << "needs two ranks";
  write_coadds(9);
  run_alone();
  auto config = other(N::gpu_v6);
  config.slice = 3;
  config.slowdown.assign(static_cast<std::size_t>(world_.size()), 1.0);
  config.slowdown.back() = 20;
  const RedshiftReport report = run(world_, config);
  if (!world_.is_root()) return;
  expect_same_results(config_, config);
  double sum = 0;
  for (const RankReport& rank : report.ranks) sum += rank.nfit;
  EXPECT_EQ(sum, all_fits(config.details, 9)) << "each target is fitted once at each redshift";
}

TEST_F(MpiStrategies, TheResultTellsWhatEachRankDid) {
  write_coadds(8);
  for (const N name : {N::cpu, N::gpu_v3, N::gpu_v4, N::gpu_v6}) {
    SCOPED_TRACE(static_cast<int>(name));
    auto config = other(name);
    config.output = folder_ / "other-redshifts.h5";
    config.gpu_capacity = 3;
    run(world_, config);
    if (world_.is_root()) {
      const io::Table table = io::detail::Hdf5Reader(config.output).table("/ranks");
      ASSERT_EQ(table.nrow, static_cast<std::size_t>(world_.size()));
      const auto integers = [&](const char* column) {
        return std::get<std::vector<std::int64_t>>(table.find(column)->values);
      };
      const auto numbers = [&](const char* column) {
        return std::get<std::vector<double>>(table.find(column)->values);
      };
      double nfit = 0;
      for (std::size_t i = 0; i < table.nrow; ++i) {
        nfit += numbers("fits")[i];
        EXPECT_GE(numbers("busy")[i], 0);
        EXPECT_GE(numbers("idle")[i], 0);
        EXPECT_GT(numbers("memory_planned")[i], 1);
        EXPECT_GT(numbers("memory_peak")[i], 1);
      }
      EXPECT_EQ(nfit, all_fits(config.details, 8));
      if (name == N::cpu || name == N::gpu_v3) {
        auto ntarget = integers("targets");
        std::sort(ntarget.begin(), ntarget.end());
        EXPECT_LE(ntarget.back() - ntarget.front(), 1) << "as many as any other";
      }
      if (name == N::gpu_v4 && world_.size() == 2) {
        EXPECT_EQ(integers("targets")[0], 6) << "of eight, with three times the capacity";
        EXPECT_EQ(integers("targets")[1], 2);
      }
    }
    world_.barrier();
  }
}

TEST_F(MpiStrategies, AutoTellsWhatItPredictedAndWhatItTook) {
  write_coadds(3);
  auto config = other(N::automatic);
  config.output = folder_ / "other-redshifts.h5";
  run(world_, config);
  if (!world_.is_root()) return;
  const io::Table table = io::detail::Hdf5Reader(config.output).table("/strategies");
  ASSERT_EQ(table.nrow, all_strategies().size());
  const auto names = std::get<std::vector<std::string>>(table.find("strategy")->values);
  const auto chosen = std::get<std::vector<std::int64_t>>(table.find("chosen")->values),
             usable = std::get<std::vector<std::int64_t>>(table.find("usable")->values);
  const auto predicted = std::get<std::vector<double>>(table.find("total")->values),
             actual = std::get<std::vector<double>>(table.find("actual_total")->values);
  EXPECT_EQ(std::count(chosen.begin(), chosen.end(), 1), 1);
  for (std::size_t i = 0; i < table.nrow; ++i) {
    EXPECT_EQ(names[i], all_strategies()[i].text());
    EXPECT_LE(chosen[i], usable[i]);
    if (usable[i]) {
      EXPECT_GT(predicted[i], 0);
    }
    EXPECT_EQ(std::isnan(actual[i]), chosen[i] == 0);
    if (chosen[i]) {
      EXPECT_GT(actual[i], 0);
    }
  }
}

}  // namespace
}  // namespace zspex::pipeline
