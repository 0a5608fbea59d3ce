// What zspex measure finds out, at small sizes. Nothing here says how fast a machine must be.
#include "pipeline/measure/measure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "config/machine_file.hpp"
#include "config/schema.hpp"
#include "core/format.hpp"
#include "kernels/yardsticks.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/machine_cache.hpp"
#include "pipeline/measure/eigenvalues.hpp"
#include "pipeline/measure/fits.hpp"
#include "pipeline/measure/messages.hpp"
#include "pipeline/measure/pi.hpp"
#include "pipeline/measure/pinning.hpp"
#include "pipeline/measure/serial.hpp"
#include "pipeline/measure/storage.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/measure/cache_folder.hpp"

namespace zspex::pipeline::measure {
namespace {

/// The cores of a node, each with a thread or two, as Linux numbers them.
Cores make_cores(int ncore, int nthread = 1) {
  Cores cores;
  for (int i = 0; i < ncore; ++i) {
    auto& core = cores.emplace_back();
    for (int thread = 0; thread < nthread; ++thread) core.push_back(i + thread * ncore);
  }
  return cores;
}

std::string joined(const std::vector<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) text += fault + "\n";
  return text;
}

TEST(Pinning, RanksOnCoresOfTheirOwnAreFine) {
  EXPECT_EQ(joined(binding_faults({{0, 1, {0}}, {0, 1, {1}}, {0, 1, {2}}}, make_cores(4))), "");
  EXPECT_EQ(joined(binding_faults({{0, 1, {0, 4}}, {0, 1, {1, 5}}}, make_cores(4, 2))), "");
  EXPECT_EQ(joined(binding_faults({{0, 1, {0, 1, 2, 3}}, {0, 1, {0, 1, 2, 3}}}, make_cores(4))), "") << "not bound";
  EXPECT_EQ(joined(binding_faults({{0, 1, {}}, {0, 1, {}}}, make_cores(4))), "") << "nobody knows";
  // Two ranks on the hardware threads of each core, and no core is left.
  EXPECT_EQ(joined(binding_faults({{0, 1, {0}}, {0, 1, {1}}}, make_cores(2))), "");
  EXPECT_EQ(joined(binding_faults({{0, 1, {0}}, {1, 1, {0}}}, make_cores(4))), "") << "the same core of two nodes";
}

TEST(Pinning, RanksOnOneCoreWhileOthersAreFreeAreTold) {
  const std::string fault = joined(binding_faults({{0, 1, {2}}, {0, 1, {2}}, {0, 1, {3}}}, make_cores(4)));
  EXPECT_NE(fault.find("ranks 0, 1 of node 0 bound to the same core (2)"), std::string::npos) << fault;
  EXPECT_NE(fault.find("--bind-to core"), std::string::npos) << fault;
  EXPECT_NE(fault.find("--cpu-bind=cores"), std::string::npos) << fault;
  // By their hardware threads, too.
  EXPECT_NE(joined(binding_faults({{0, 1, {0}}, {0, 1, {4}}}, make_cores(4, 2))).find("ranks 0, 1"), std::string::npos);
  EXPECT_NE(joined(binding_faults({{0, 1, {0, 1}}, {0, 1, {0, 1}}, {0, 1, {0, 1}}}, make_cores(4))).find("2 cores"),
            std::string::npos);
}

TEST(Pinning, MoreThreadsThanProcessorsAreTold) {
  const std::string fault = joined(binding_faults({{0, 8, {0}}, {0, 8, {1}}}, make_cores(16)));
  EXPECT_NE(fault.find("found 8 threads and 1 processor in rank 0, 1"), std::string::npos) << fault;
  EXPECT_NE(fault.find("--cpus-per-task=8"), std::string::npos) << fault;
  EXPECT_EQ(joined(binding_faults({{0, 2, {0, 16}}}, make_cores(16, 2))), "");
}

TEST(Pinning, MoreRanksThanCoresAreTold) {
  const std::string fault = joined(binding_faults({{0, 1, {0, 1}}, {0, 1, {0, 1}}, {0, 1, {0, 1}}}, make_cores(2)));
  EXPECT_NE(fault.find("found 3 on the 2 cores of node 0"), std::string::npos) << fault;
}

TEST(Pinning, ARankHasItsPartOfTheCoresThatItShares) {
  const std::vector<Binding> bindings = {{0, 1, {0, 1, 2, 3}}, {0, 1, {0, 1, 2, 3}}, {0, 1, {4}}, {1, 1, {0, 1, 2, 3}}};
  EXPECT_EQ(cores_of_rank(bindings, 0, make_cores(8)), 2);
  EXPECT_EQ(cores_of_rank(bindings, 2, make_cores(8)), 1);
  EXPECT_EQ(cores_of_rank(bindings, 3, make_cores(8)), 4);
  EXPECT_EQ(cores_of_rank({{0, 1, {}}}, 0, {}), 1);
}

TEST(Pinning, CoresAreReadAsLinuxTellsThem) {
  const auto self = comm::Communicator::duplicate(MPI_COMM_SELF);
  const TestFolder folder(self);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder / name).parent_path());
    std::ofstream(folder / name) << text << "\n";
  };
  write("online", "0-3");
  for (int i = 0; i < 4; ++i)
    write("cpu" + std::to_string(i) + "/topology/thread_siblings_list", i % 2 == 0 ? "0,2" : "1,3");
  EXPECT_EQ(read_cores(folder.path(), folder / "none"), (Cores{{0, 2}, {1, 3}}));
  write("allowed", "1-3");
  EXPECT_EQ(read_cores(folder.path(), folder / "allowed"), (Cores{{1, 3}, {2}}));
  EXPECT_TRUE(read_cores(folder / "nowhere", folder / "none").empty());
}

TEST(Yardsticks, PointsInTheCircleArePiQuarters) {
  constexpr std::uint64_t n = 1 << 20;
  const auto inside = static_cast<double>(kernels::count_in_circle(0, n));
  const double expected = M_PI / 4 * n, sigma = std::sqrt(n * M_PI / 4 * (1 - M_PI / 4));
  EXPECT_NEAR(inside, expected, 4 * sigma);
  EXPECT_EQ(kernels::count_in_circle(0, n / 2) + kernels::count_in_circle(n / 2, n / 2),
            kernels::count_in_circle(0, n));
  EXPECT_EQ(kernels::count_in_circle_by_threads(2, 1000), kernels::count_in_circle(2, 1000));
}

TEST(Yardsticks, TriadAndProductComputeWhatTheySay) {
  kernels::Triad triad(1001);
  triad.run();
  EXPECT_EQ(triad.first(), 7);
  EXPECT_EQ(triad.bytes(), 3 * 8 * 1001);
  for (const auto kind : {kernels::BackendKind::host, kernels::BackendKind::device}) {
    constexpr int n = 71;  // not whole tiles
    kernels::MatrixProduct product(kind, n);
    product.run();
    for (const auto& [i, j] : {std::pair{0, 0}, {70, 70}, {3, 65}, {65, 3}}) {
      double sum = 0;
      for (int k = 0; k < n; ++k) sum += 1.0 / (i + k + 1) * (k - j) / n;
      EXPECT_NEAR(product.value(i, j), sum, 1e-14 * n) << i << " " << j;
    }
  }
}

TEST(MeasureTable, NoLineIsWiderThanTheScreen) {
  const Section section{
      "a title",
      {{"a name", "12.3", "1e6 points/s", "a note that is too long for what is left of the line", 0.5},
       {"scaled", "1", "", "", {}, true}},
      {"A remark that goes on and on, until it has to be broken into lines of its own, two or three."}};
  for (const bool unicode : {true, false}) {
    std::ostringstream out;
    print(section, {76, unicode}, out);
    std::istringstream lines(out.str());
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 76u) << line;
    EXPECT_NE(out.str().find("~ 1"), std::string::npos) << out.str();
    EXPECT_NE(out.str().find("too long for what is left"), std::string::npos) << out.str();
    EXPECT_EQ(unicode, out.str().find('#') == std::string::npos);
  }
}

TEST(MeasureTable, NumbersHaveThreeDigits) {
  EXPECT_EQ(digits(0.012345), "0.0123");
  EXPECT_EQ(digits(12345.6), "12346");
  EXPECT_EQ(digits(0), "0");
  EXPECT_EQ(digits(1.0 / 0.0), "?");
}

TEST(MeasurePi, EfficiencyIsAgainstOneRank) {
  PiMeasured measured;
  measured.curve = {{1, 2e6}, {2, 3e6}};
  measured.jitter_whole = 0.125;
  measured.thread_gain = 1.25;
  measured.cores = 2;
  measured.faults = {"A fault."};
  const Section section = describe(measured);
  EXPECT_EQ(section.rows[0].value, "2");
  EXPECT_EQ(section.rows[1].value, "3");
  EXPECT_EQ(section.rows[1].note, "75 %");
  EXPECT_EQ(section.rows[1].bar, 1.0);
  EXPECT_EQ(section.remarks, measured.faults);
  config::MachineConfig machine;
  fill(measured, machine);
  EXPECT_EQ(machine.jitter, 0.125);
  EXPECT_EQ(machine.thread_gain, 1.25);
  EXPECT_EQ(machine.cores, 2);
}

TEST(MpiMeasure, EigenvaluesAreTimedOrSaidToBeLeftOut) {
  const auto world = comm::test_world();
  const auto node = world.split_by_node();
  const Roles roles = assign_roles(world, node, {}, {}, false);
  Sizes sizes;
  sizes.matrix = 20;
  const EigenvaluesMeasured measured = measure_eigenvalues({world, node, roles}, sizes, 0.01);
  EXPECT_GE(measured.cores, 1);
  for (const auto& [threads, seconds] : measured.points) {
    EXPECT_GE(threads, 1);
    EXPECT_GT(seconds, 0);
    EXPECT_TRUE(std::isfinite(seconds));
  }
  const Section section = describe(measured);
  ASSERT_EQ(section.remarks.size(), 1u);
  EXPECT_EQ(measured.points.empty(), section.remarks[0].find("without LAPACK") != std::string::npos);
  EXPECT_EQ(section.rows.size(), measured.points.size());
}

TEST(MeasureFits, ExactTimesGiveTheirModelBack) {
  const BatchModel made{2e-5, 3e6, 700};
  Batches batches;
  for (const double n : {32.0, 64.0, 128.0, 1024.0, 16000.0}) {
    batches.fits.push_back(n);
    batches.seconds.push_back(made.seconds(n));
  }
  const BatchModel found = fit_batches(batches, made.launch);
  EXPECT_NEAR(found.rate, made.rate, 1e-9 * made.rate);
  EXPECT_NEAR(found.half, made.half, 1e-6 * made.half);
  EXPECT_EQ(found.launch, made.launch);
}

TEST(MeasureFits, OfAProcessorWithoutStartNothingIsLeft) {
  // A core: no launch, the same rate with any batch; and a single point.
  const BatchModel core = fit_batches({{32, 64, 128}, {0.32, 0.64, 1.28}}, 0);
  EXPECT_NEAR(core.rate, 100, 1e-9);
  EXPECT_NEAR(core.half, 0, 1e-9);
  const BatchModel one = fit_batches({{32}, {0.32}}, 0);
  EXPECT_NEAR(one.rate, 100, 1e-9);
  EXPECT_EQ(one.half, 0);
  // A launch that is longer than what the points leave for it.
  const BatchModel late = fit_batches({{32, 64, 128}, {0.33, 0.65, 1.29}}, 0.5);
  EXPECT_NEAR(late.launch, 0.01, 1e-9);
  EXPECT_EQ(late.half, 0);
}

TEST(MeasureFits, AGpuPaysFromWhereTheLinesCross) {
  const BatchModel gpu{1e-3, 1e5, 100}, core{0, 1e3, 0};
  const double n = break_even(gpu, core);
  EXPECT_NEAR(gpu.seconds(n), core.seconds(n), 1e-12);
  EXPECT_EQ(break_even(core, core), std::numeric_limits<double>::infinity());
}

TEST(MpiMeasure, GpusAreMeasuredBesideCores) {
  // In a program without a GPU the host stands for it; all ranks share it.
  const auto world = comm::test_world();
  const auto node = world.split_by_node();
  GpuRequest request;
  request.use = GpuUse::all;
  const Roles roles = assign_roles(world, node, request, see_gpus(), kernels::needs_device());
  const Ranks ranks{world, node, roles};
  Sizes sizes;
  sizes.targets = 3;
  sizes.matrix = 20;
  const FitsMeasured measured = measure_fits(ranks, sizes, gibibyte, 0.1);
  EXPECT_TRUE(measured.has_gpu);
  for (const double rate : {measured.gpu.rebin, measured.gpu.scan, measured.gpu.fine, measured.gpu_product,
                            measured.upload, measured.gpu_model.rate, measured.host_model.rate}) {
    EXPECT_TRUE(std::isfinite(rate));
    EXPECT_GT(rate, 0);
  }
  EXPECT_EQ(measured.shared.size(), world.size() >= 4 ? 3u : world.size() >= 2 ? 2u : 1u);
  EXPECT_EQ(measured.shared.front().speed, 1);
  config::MachineConfig machine;
  fill(measured, machine);
  EXPECT_EQ(machine.gpu_scan, measured.gpu.scan);
  EXPECT_EQ(describe(measured).rows.back().name, world.size() >= 4   ? "4 ranks on a GPU"
                                                 : world.size() >= 2 ? "2 ranks on a GPU"
                                                                     : "1 rank on a GPU");
}

TEST(MpiMeasure, MessagesGoRoundANodeAndFromNodeToNode) {
  const auto world = comm::test_world();
  // Nodes of two ranks; the last one may have one.
  const auto node = world.split(world.rank() / 2);
  const Roles roles = assign_roles(world, node, {}, {}, false);
  Sizes sizes;
  sizes.message = 1 << 12;
  const MessagesMeasured measured = measure_messages({world, node, roles}, sizes, 0.05);
  EXPECT_EQ(measured.node.senders, world.size() > 1 ? 2 : 0);
  EXPECT_EQ(measured.network.senders, world.size() <= 2 ? 0 : world.size() % 2 == 1 ? 1 : 2);
  config::MachineConfig machine;
  fill(measured, machine);
  for (const Ring& ring : {measured.node, measured.network}) {
    EXPECT_EQ(ring.senders > 0, ring.latency > 0 && std::isfinite(ring.latency));
    EXPECT_EQ(ring.senders > 0, ring.bandwidth > 0 && std::isfinite(ring.bandwidth));
  }
  EXPECT_EQ(machine.network_bandwidth, measured.network.senders * measured.network.bandwidth / 1e9);
  EXPECT_GT(measured.waiting, 0);
}

TEST(MpiMeasure, AFolderThatIsNotThereEndsAllRanks) {
  const auto world = comm::test_world();
  const auto node = world.split_by_node();
  const Roles roles = assign_roles(world, node, {}, {}, false);
  EXPECT_THROW(measure_serial({world, node, roles}, {}, "/nowhere", 0, 0.01), comm::AgreedError);
}

TEST(MpiMeasure, ADiskThatCannotBeWrittenEndsAllRanks) {
  const auto world = comm::test_world();
  const TestFolder folder(world);
  const auto node = world.split_by_node();
  const Roles roles = assign_roles(world, node, {}, {}, false);
  Sizes sizes;
  sizes.array = 1 << 12;
  try {
    measure_storage({world, node, roles}, sizes, folder / "nowhere", gibibyte, 0.01);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::output);
    EXPECT_NE(std::string(error.what()).find("--scratch"), std::string::npos) << error.what();
  }
}

TEST(MeasureStorage, RatesOfMemoryAreLeftOutOfTheDisks) {
  StorageMeasured measured;
  measured.node = 5e9;
  measured.read_rate = measured.write_rate = 1e9;
  config::MachineConfig machine;
  fill(measured, machine);
  EXPECT_EQ(machine.memory_bandwidth, 5);
  EXPECT_EQ(machine.disk_read, 1);
  measured.in_memory = true;
  machine = {};
  fill(measured, machine);
  EXPECT_EQ(machine.disk_read, 0);
}

/// Sizes that take no time.
MeasureOptions small_options(const comm::Communicator& world) {
  MeasureOptions options;
  options.roles = assign_roles(world, world.split_by_node(), {}, {}, false);
  options.start_seconds = 0.25;
  options.sizes.targets = 3;
  options.sizes.matrix = 20;
  options.sizes.coadds = 4;
  options.sizes.bins = 60;
  options.sizes.message = 1 << 12;
  options.sizes.array = 1 << 12;
  options.sizes.file = 1 << 16;
  options.sizes.frame_pixels = 128;
  return options;
}

TEST(MpiMeasure, RatesArePositiveAndTheFileIsReadBackTheSame) {
  const auto world = comm::test_world();
  const TestFolder folder(world);
  config::MeasureConfig config;
  config.output = folder / "new/machine.yaml";
  config.seconds = 0.2;
  config.cache = false;
  std::ostringstream out, err;
  const auto machine = run_measure(world, config, {}, small_options(world), out, err);
  if (!world.is_root()) {
    EXPECT_EQ(out.str(), "");
    return;
  }
  EXPECT_NE(out.str().find("pi by Monte Carlo"), std::string::npos) << out.str();
  config::Settings measured, read;
  measured.machine = machine;
  read.machine = config::read_machine_file(config.output);
  for (const config::Field* field : config::fields_of("machine"))
    EXPECT_EQ(field->yaml(read), field->yaml(measured)) << field->name();
  using M = config::MachineConfig;
  EXPECT_EQ(machine.nodes, 1);
  EXPECT_EQ(machine.ranks, world.size());
  EXPECT_GE(machine.cores, 1);
  for (const auto value :
       {&M::memory, &M::thread_gain, &M::host_rebin, &M::host_scan, &M::host_fine, &M::memory_bandwidth, &M::start,
        &M::target_read, &M::target_serial, &M::frame_core, &M::frame_serial}) {
    EXPECT_TRUE(std::isfinite(machine.*value));
    EXPECT_GT(machine.*value, 0);
  }
  EXPECT_GE(machine.jitter, 0);
  EXPECT_EQ(machine.start, 0.25);
  for (const auto& entry : std::filesystem::directory_iterator(folder / "new"))
    EXPECT_EQ(entry.path().filename(), "machine.yaml") << "left behind";
}

TEST(MpiMeasure, IsKeptForTheNextRun) {
  const auto world = comm::test_world();
  const TestFolder folder(world);
  const CacheFolder cache(folder.path());
  config::MeasureConfig config;
  config.scratch = folder.path();
  config.seconds = 0.1;
  std::ostringstream out, err;
  const auto machine = run_measure(world, config, {}, small_options(world), out, err);
  if (world.is_root()) {
    const std::string path = machine_cache_path(machine.name, world.size());
    ASSERT_TRUE(std::filesystem::exists(path)) << path << "\n" << err.str();
    EXPECT_EQ(why_other_machine(config::read_machine_file(path), machine), "");
    EXPECT_NE(out.str().find("wrote " + path), std::string::npos) << out.str();
    // A file in the folder's place: nothing is kept, and all else is done.
    std::filesystem::remove_all(folder / "zspex");
    std::ofstream(folder / "zspex") << "in the way";
  }
  run_measure(world, config, {}, small_options(world), out, err);
  if (world.is_root()) {
    EXPECT_NE(err.str().find("nothing is kept for AUTO"), std::string::npos) << err.str();
  }
}

TEST(MpiMeasure, ADryRunMeasuresAndWritesNothing) {
  const auto world = comm::test_world();
  const TestFolder folder(world);
  config::MeasureConfig config;
  config.output = folder / "machine.yaml";
  config::JobConfig job;
  job.dry_run = true;
  std::ostringstream out, err;
  run_measure(world, config, job, small_options(world), out, err);
  EXPECT_FALSE(std::filesystem::exists(config.output));
  if (world.is_root()) {
    EXPECT_NE(out.str().find("would take about 30 s"), std::string::npos) << out.str();
  }
}

TEST(MpiMeasure, AFileThatCannotBeWrittenEndsAllRanks) {
  const auto world = comm::test_world();
  const TestFolder folder(world);
  config::MeasureConfig config;
  config.output = folder.path();  // a folder
  std::ostringstream out, err;
  EXPECT_THROW(run_measure(world, config, {}, small_options(world), out, err), Error);
}

}  // namespace
}  // namespace zspex::pipeline::measure
