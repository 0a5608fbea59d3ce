#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "core/mask_bits.hpp"
#include "io/frame.hpp"
#include "io/model_image.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/extract/extract.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/extract/small_instrument.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;

/// One that needs 8 GiB of a GPU, and finds no memory.
class NoMemoryExtractor : public kernels::Extractor {
 public:
  int depth() const override { return 1; }
  void start(const kernels::Image&, const kernels::FiberBlock&) override { throw std::bad_alloc(); }
  kernels::ExtractedBlock finish() override { return {}; }
  Memory memory(bool) const override { return {0, std::size_t{8} << 30}; }
};

/// Frames in a folder, and what the stage makes of them.
class MpiExtractStage : public testing::Test {
 protected:
  void write_inputs(int nframe) {
    comm::agree(world_, "write the inputs", [&] {
      if (!world_.is_root()) return;
      const auto psf = small_psf();
      io::write_psf(folder_ / "psf.fits", psf);
      for (int i = 1; i <= nframe; ++i) {
        io::write_preproc(folder_ / "preproc-" + std::to_string(i) + ".fits", small_frame(psf, i));
      }
    });
  }

  /// What all ranks said on their error channels.
  std::string told_by_all() const {
    const std::string mine = err_.str();
    std::string all;
    for (const auto& one : comm::all_gather_lists(world_, std::vector<char>(mine.begin(), mine.end())))
      all.append(one.begin(), one.end());
    return all;
  }
  ExtractReport run(const comm::Communicator& comm, const config::ExtractConfig& config, ExtractOptions options = {}) {
    Provenance provenance;
    provenance.version = "0.0.0";
    const ExtractStage stage(comm, config, job_, provenance, out_, err_, std::move(options));
    return stage.execute(stage.plan());
  }

  /// The folder's files, without the inputs.
  std::set<std::string> results() {
    world_.barrier();
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      const std::string name = entry.path().filename().string();
      if (entry.is_regular_file() && !name.starts_with("preproc-") && name != "psf.fits") names.insert(name);
    }
    world_.barrier();
    return names;
  }

  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
  config::JobConfig job_;
  std::ostringstream out_, err_;
};

/// Cards that the writer adds: ZSPEXVER, ZSPEXEND and so on.
bool is_provenance(const std::string& key) { return key.starts_with("ZSPEX") && key != "ZSPEX"; }

void expect_same_header(const io::Header& a, const io::Header& b) {
  ASSERT_EQ(a.cards().size(), b.cards().size());
  for (std::size_t i = 0; i < a.cards().size(); ++i) {
    const io::Card &x = a.cards()[i], &y = b.cards()[i];
    EXPECT_EQ(x.key, y.key);
    if (x.key == "IN_IMG" || x.key == "IN_PSF" || is_provenance(x.key)) continue;
    EXPECT_EQ(x.value, y.value) << x.key;
  }
}

/// All but provenance, bit for bit.
void expect_same_frames(const io::Frame& a, const io::Frame& b) {
  EXPECT_EQ(a.wave, b.wave);
  EXPECT_TRUE(a.mask == b.mask);
  EXPECT_TRUE(a.flux == b.flux);
  EXPECT_TRUE(a.ivar == b.ivar);
  EXPECT_TRUE(a.resolution == b.resolution);
  EXPECT_TRUE(a.chi2pix == b.chi2pix);
  ASSERT_EQ(a.fibermap.has_value(), b.fibermap.has_value());
  if (a.fibermap) {
    EXPECT_EQ(a.fibermap->integers("FIBER", ""), b.fibermap->integers("FIBER", ""));
  }
  ASSERT_TRUE(a.scores && b.scores);
  for (const char* name : {"SUM_RAW_COUNT_R", "MEDIAN_RAW_COUNT_R", "MEDIAN_RAW_SNR_R"}) {
    EXPECT_EQ(a.scores->numbers(name, ""), b.scores->numbers(name, "")) << name;
  }
}

TEST_F(MpiExtractStage, FilesAreTheSameForAnyNumberOfRanks) {
  write_inputs(1);
  auto together = small_config(folder_.path(), 1);
  together.model = {folder_ / "model-1.fits"};
  ASSERT_EQ(run(world_, together).code, ExitCode::success) << err_.str();

  // The same by rank 0 alone; and once more without a model, when one rank takes whole bundles.
  const auto alone_comm = world_.split(world_.is_root() ? 0 : -1);
  auto alone = together, plain = together;
  alone.output = {folder_ / "alone.fits"};
  alone.model = {folder_ / "alone-model.fits"};
  plain.output = {folder_ / "plain.h5"};
  plain.model.clear();
  if (alone_comm) {
    EXPECT_EQ(run(alone_comm, alone).code, ExitCode::success) << err_.str();
    EXPECT_EQ(run(alone_comm, plain).code, ExitCode::success) << err_.str();
    const auto first = io::read_frame_fits(together.output[0]), second = io::read_frame_fits(alone.output[0]);
    expect_same_frames(first, second);
    expect_same_header(first.header, second.header);
    expect_same_frames(first, io::read_frame_hdf5(plain.output[0]));
    EXPECT_TRUE(io::read_model_image(together.model[0]) == io::read_model_image(alone.model[0]));
  }
  world_.barrier();
}

TEST_F(MpiExtractStage, SpectraAgreeWithTheLightThatWentIn) {
  // 300 + 4 ispec + i electrons per bin, and a line; here only that fibers and wavelengths are where they belong.
  write_inputs(1);
  const auto config = small_config(folder_.path(), 1);
  ASSERT_EQ(run(world_, config).code, ExitCode::success) << err_.str();
  if (world_.is_root()) {
    const auto frame = io::read_frame_fits(config.output[0]);
    ASSERT_EQ(frame.flux.extent(0), 50u);
    ASSERT_EQ(frame.flux.extent(1), 126u);
    for (const std::size_t ispec : {1u, 24u, 25u, 49u}) {
      const double line = 6020 + 1.3 * static_cast<double>(ispec);
      const auto peak = std::max_element(frame.flux.row(ispec).begin(), frame.flux.row(ispec).end());
      const auto i = static_cast<std::size_t>(peak - frame.flux.row(ispec).begin());
      EXPECT_NEAR(frame.wave[i], line, 1.7) << "fiber " << ispec;
    }
    EXPECT_EQ(frame.header.integer("FIBERMIN"), 500);
    EXPECT_EQ(frame.header.integer("NSPEC"), 50);
  }
}

TEST_F(MpiExtractStage, NodesAndGroupsOfNodesGiveTheSameFiles) {
  write_inputs(3);
  const auto config = small_config(folder_.path(), 3);
  ASSERT_EQ(run(world_, config).code, ExitCode::success) << err_.str();
  for (const int nframe : {1, 3}) {  // one frame by several nodes; groups with frames of their own
    auto split = small_config(folder_.path(), nframe);
    for (auto& path : split.output) path += ".fits";
    ExtractOptions options;
    options.ranks_per_node = 1;
    ASSERT_EQ(run(world_, split, options).code, ExitCode::success) << err_.str();
    for (std::size_t i = 0; world_.is_root() && i < split.output.size(); ++i) {
      expect_same_frames(io::read_frame_fits(config.output[i]), io::read_frame_fits(split.output[i]));
    }
    world_.barrier();
  }
}

TEST_F(MpiExtractStage, GroupsOfAnySizeGiveTheSameFiles) {
  write_inputs(5);
  auto config = small_config(folder_.path(), 5);
  config.group = world_.size();
  ASSERT_EQ(run(world_, config).code, ExitCode::success) << err_.str();
  for (int size = 1; size < world_.size(); ++size) {
    auto groups = config;
    groups.group = size;
    for (auto& path : groups.output) path += ".fits";
    const auto report = run(world_, groups);
    ASSERT_EQ(report.code, ExitCode::success) << err_.str();
    std::set<int> used;
    for (std::size_t i = 0; world_.is_root() && i < groups.output.size(); ++i) {
      expect_same_frames(io::read_frame_fits(config.output[i]), io::read_frame_fits(groups.output[i]));
      EXPECT_EQ(report.frames.at(i).index, i);
      used.insert(report.frames[i].group);
    }
    if (world_.is_root()) {
      EXPECT_LE(static_cast<int>(used.size()), world_.size() / size);
      EXPECT_FALSE(used.empty());
    }
    world_.barrier();
  }
}

TEST_F(MpiExtractStage, ABadFrameIsToldAndTheOthersAreWritten) {
  write_inputs(4);
  comm::agree(world_, "spoil inputs", [&] {
    if (!world_.is_root()) return;
    fs::resize_file(folder_ / "preproc-2.fits", 100000);
    fs::remove(folder_ / "preproc-4.fits");
  });
  const auto report = run(world_, small_config(folder_.path(), 4));
  EXPECT_EQ(report.code, ExitCode::partial);
  EXPECT_EQ(results(), (std::set<std::string>{"frame-1.fits", "frame-3.fits"}));
  const std::string told = told_by_all();
  if (world_.is_root()) {
    ASSERT_EQ(report.frames.size(), 4u);
    for (const std::size_t bad : {1u, 3u}) {
      EXPECT_EQ(report.frames[bad].code, ExitCode::input);
      EXPECT_NE(report.frames[bad].message.find("preproc-" + std::to_string(bad + 1) + ".fits"), std::string::npos);
      const auto at = told.find(report.frames[bad].message);
      EXPECT_NE(at, std::string::npos) << told;
      EXPECT_EQ(told.find(report.frames[bad].message, at + 1), std::string::npos) << "told once, not once per rank";
    }
    EXPECT_EQ(report.frames[0].code, ExitCode::success);
    EXPECT_EQ(report.frames[2].code, ExitCode::success);
  }
}

TEST_F(MpiExtractStage, OneBadFrameAloneGivesItsOwnCode) {
  write_inputs(1);
  auto config = small_config(folder_.path(), 1);
  config.input = {folder_ / "nothing.fits"};
  EXPECT_EQ(run(world_, config).code, ExitCode::input);
  EXPECT_TRUE(results().empty());
}

TEST_F(MpiExtractStage, APsfThatDoesNotFitIsRefused) {
  write_inputs(1);
  comm::agree(world_, "write another PSF", [&] {
    if (!world_.is_root()) return;
    io::write_psf(folder_ / "psf.fits", small_psf("b1"));
  });
  EXPECT_EQ(run(world_, small_config(folder_.path(), 1)).code, ExitCode::input);
  if (world_.is_root()) {
    EXPECT_NE(err_.str().find("camera b1"), std::string::npos) << err_.str();
    EXPECT_NE(err_.str().find("camera r1"), std::string::npos) << err_.str();
  }
  EXPECT_TRUE(results().empty());
}

TEST_F(MpiExtractStage, FibersWithoutATraceAreDarkNamedAndTheSameForAnyNumberOfRanks) {
  write_inputs(1);
  comm::agree(world_, "write a PSF with bad fibers", [&] {
    if (!world_.is_root()) return;
    auto psf = small_psf();
    for (double& value : psf.x.coeff.row(7)) value = std::nan("");
    for (double& value : psf.sigmay.coeff.row(29)) value = 0;
    for (std::size_t k = 0; k < 3; ++k) psf.x.coeff(41, k) = psf.x.coeff(40, k);
    io::write_psf(folder_ / "psf.fits", psf);
  });
  auto config = small_config(folder_.path(), 1);
  ASSERT_EQ(run(world_, config).code, ExitCode::success) << err_.str();
  const auto alone_comm = world_.split(world_.is_root() ? 0 : -1);
  auto alone = config;
  alone.output = {folder_ / "alone.fits"};
  if (alone_comm) {
    EXPECT_EQ(run(alone_comm, alone).code, ExitCode::success) << err_.str();
    const auto frame = io::read_frame_fits(config.output[0]);
    expect_same_frames(frame, io::read_frame_fits(alone.output[0]));
    for (const char* word : {"fiber 7 is left out", "fiber 29 is left out", "fiber 40 is masked", "fiber 41 is masked"})
      EXPECT_NE(err_.str().find(word), std::string::npos) << word << " not in:\n" << err_.str();
    EXPECT_NE(out_.str().find("4 fibers without a usable trace"), std::string::npos) << out_.str();
    EXPECT_EQ(frame.header.integer("NBADFIB"), 4);
    for (std::size_t s = 0; s < 50; ++s) {
      const bool bad = s == 7 || s == 29 || s == 40 || s == 41;
      for (std::size_t w = 0; w < frame.wave.size(); ++w) {
        EXPECT_EQ((frame.mask(s, w) & specmask::badfiber) != 0, bad) << s << " " << w;
        if (bad) {
          EXPECT_EQ(frame.ivar(s, w), 0) << s << " " << w;
        }
      }
    }
  }
}

TEST_F(MpiExtractStage, WithoutAnyFiberAFrameIsRefused) {
  write_inputs(1);
  comm::agree(world_, "write a PSF with one trace", [&] {
    if (!world_.is_root()) return;
    auto psf = small_psf();
    for (std::size_t s = 1; s < 50; ++s)
      for (std::size_t k = 0; k < 3; ++k) psf.x.coeff(s, k) = psf.x.coeff(0, k);
    io::write_psf(folder_ / "psf.fits", psf);
  });
  EXPECT_EQ(run(world_, small_config(folder_.path(), 1)).code, ExitCode::input);
  if (world_.is_root()) {
    EXPECT_NE(err_.str().find("found none of 50"), std::string::npos) << err_.str();
  }
  EXPECT_TRUE(results().empty());
}

TEST_F(MpiExtractStage, AbsurdPixelsAreNamedCountedAndMasked) {
  write_inputs(1);
  comm::agree(world_, "spoil a pixel", [&] {
    if (!world_.is_root()) return;
    auto frame = small_frame(small_psf(), 1);
    frame.mask(133, 57) = 1;
    io::write_preproc(folder_ / "preproc-1.fits", frame);
    frame.mask(133, 57) = 0;
    frame.ivar(133, 57) = 1e20F;
    io::write_preproc(folder_ / "preproc-2.fits", frame);
  });
  auto together = small_config(folder_.path(), 2);
  together.group = world_.size();
  ASSERT_EQ(run(world_, together).code, ExitCode::success) << err_.str();
  if (!world_.is_root()) return;
  EXPECT_NE(err_.str().find("row 133, column 57"), std::string::npos) << err_.str();
  const auto masked = io::read_frame_fits(folder_ / "frame-1.fits"),
             spoiled = io::read_frame_fits(folder_ / "frame-2.fits");
  expect_same_frames(masked, spoiled);
  EXPECT_EQ(masked.header.integer("NBADPIX"), 0);
  EXPECT_EQ(spoiled.header.integer("NBADPIX"), 1);
}

TEST_F(MpiExtractStage, TheModelShowsTheFluxThatIsAskedFor) {
  write_inputs(1);
  auto config = small_config(folder_.path(), 1);
  config.model = {folder_ / "model.fits"};
  double chi2[2] = {};
  for (const auto of : {config::ModelOf::reconvolved, config::ModelOf::flux}) {
    config.model_of = of;
    ASSERT_EQ(run(world_, config).code, ExitCode::success) << err_.str();
    if (!world_.is_root()) continue;
    const auto model = io::read_model_image(config.model[0]);
    const auto frame = small_frame(small_psf(), 1);
    // Rows whose light is all of it between 6000 and 6100 Angstrom
    for (std::size_t y = 60; y < 200; ++y)
      for (std::size_t x = 0; x < 200; ++x)
        if (frame.mask(y, x) == 0 && std::isfinite(frame.image(y, x)))
          chi2[of == config::ModelOf::flux] += std::pow(frame.image(y, x) - model(y, x), 2) * frame.ivar(y, x);
  }
  if (world_.is_root()) {
    EXPECT_LT(chi2[1], 140 * 200) << "A f is what was fitted";
    EXPECT_GT(chi2[0], 1.1 * chi2[1]) << "A R f is smoother than the data";
  }
}

TEST_F(MpiExtractStage, RanksThatWouldBeLateLeaveUnitsToTheFastOneAndChangeNothing) {
  if (world_.size() < 2) GTEST_SKIP() << "needs two ranks";
  write_inputs(1);
  auto plain = small_config(folder_.path(), 1), lopsided = plain;
  lopsided.output = {folder_ / "lopsided.h5"};
  ASSERT_EQ(run(world_, plain).code, ExitCode::success) << err_.str();

  // The first rank stands for one with a GPU, the others for ranks that stay on the CPU: by their capacities alone the first
  // will be done with both bundles before another with one, whoever asks first and however long they take.
  const bool fast = world_.is_root();
  ExtractOptions options;
  options.role.on_gpu = fast;
  options.worker.capacity = fast ? lopsided.gpu_capacity : 1;
  options.worker.make_extractor = [&](const Psf& psf, const kernels::ExtractSettings& settings) {
    return kernel_extractors(kernels::BackendKind::host)(psf, settings);
  };
  const auto report = run(world_, lopsided, options);
  ASSERT_EQ(report.code, ExitCode::success) << err_.str();
  ASSERT_EQ(report.ranks.size(), static_cast<std::size_t>(world_.size()));
  EXPECT_EQ(report.ranks[0].nblock, 2);
  for (std::size_t i = 1; i < report.ranks.size(); ++i) EXPECT_EQ(report.ranks[i].nblock, 0) << i;
  EXPECT_TRUE(report.ranks[0].role.on_gpu);
  if (world_.is_root())
    expect_same_frames(io::read_frame_fits(plain.output[0]), io::read_frame_hdf5(lopsided.output[0]));
  world_.barrier();
}

TEST_F(MpiExtractStage, AFailureOnOneRankEndsTheFrameForAllAndTheNextOneGoesOn) {
  write_inputs(2);
  const int culprit = world_.size() - 1;
  int made = 0;
  ExtractOptions options;
  options.worker.make_extractor = [&](const Psf& psf, const kernels::ExtractSettings& settings) {
    if (made++ == 0 && world_.rank() == culprit) throw NumericsError("extract", "no device left");
    return kernel_extractors(kernels::BackendKind::device)(psf, settings);
  };
  auto config = small_config(folder_.path(), 2);
  config.group = world_.size();
  const auto report = run(world_, config, options);
  EXPECT_EQ(report.code, ExitCode::partial);
  EXPECT_EQ(results(), (std::set<std::string>{"frame-2.fits"}));
  if (world_.is_root()) {
    EXPECT_EQ(report.frames[0].code, ExitCode::numerics);
    EXPECT_NE(report.frames[0].message.find("no device left"), std::string::npos) << report.frames[0].message;
    if (world_.size() > 1) {
      EXPECT_NE(report.frames[0].message.find("rank " + std::to_string(culprit)), std::string::npos)
          << report.frames[0].message;
    }
  }
}

TEST_F(MpiExtractStage, OutOfMemoryInABlockIsToldInWords) {
  write_inputs(1);
  ExtractOptions options;
  options.worker.make_extractor = [&](const Psf&, const kernels::ExtractSettings&) {
    return std::make_unique<NoMemoryExtractor>();
  };
  const auto report = run(world_, small_config(folder_.path(), 1), options);
  EXPECT_EQ(report.code, ExitCode::memory);
  EXPECT_TRUE(results().empty());
  if (world_.is_root()) {
    EXPECT_NE(err_.str().find("out of memory"), std::string::npos) << err_.str();
    EXPECT_NE(err_.str().find("extract.batch"), std::string::npos) << err_.str();
  }
}

TEST_F(MpiExtractStage, AGpuThatIsTooSmallIsToldBeforeItsMemoryIsTaken) {
  write_inputs(1);
  ExtractOptions options;
  options.role.on_gpu = true;
  options.role.ranks_per_gpu = 3;
  options.worker.gpu_memory = std::size_t{16} << 30;
  options.worker.make_extractor = [&](const Psf&, const kernels::ExtractSettings&) {
    return std::make_unique<NoMemoryExtractor>();
  };
  EXPECT_EQ(run(world_, small_config(folder_.path(), 1), options).code, ExitCode::usage);
  if (world_.is_root()) {
    EXPECT_NE(err_.str().find("3 ranks that share a GPU"), std::string::npos) << err_.str();
  }
}

TEST_F(MpiExtractStage, AnOutputThatCanNotBeWrittenIsRefusedBeforeAnythingIsDone) {
  write_inputs(1);
  auto config = small_config(folder_.path(), 1);
  config.output = {folder_ / "psf.fits/frame.fits"};
  std::optional<ExitCode> code;
  try {
    run(world_, config);
  } catch (const comm::AgreedError& error) {
    code = error.code();
    EXPECT_NE(std::string(error.what()).find("psf.fits/frame.fits"), std::string::npos) << error.what();
  }
  EXPECT_EQ(code, ExitCode::output);
}

TEST_F(MpiExtractStage, AReportThatCanNotBeWrittenIsRefusedBeforeTheWork) {
  write_inputs(1);
  auto config = small_config(folder_.path(), 1);
  config.report = folder_ / "psf.fits/report.csv";
  const ExtractStage refused(world_, config, job_, {}, out_, err_);
  std::optional<ExitCode> code;
  try {
    run_extract(refused, world_, job_, out_);
  } catch (const comm::AgreedError& error) {
    code = error.code();
    EXPECT_NE(std::string(error.what()).find("psf.fits/report.csv"), std::string::npos) << error.what();
  }
  EXPECT_EQ(code, ExitCode::output);
  EXPECT_TRUE(results().empty());
  config.report = folder_ / "reports/night/1.csv";
  const ExtractStage made(world_, config, job_, {}, out_, err_);
  EXPECT_EQ(run_extract(made, world_, job_, out_), ExitCode::success) << err_.str();
  EXPECT_EQ(results(), (std::set<std::string>{"1.csv", "frame-1.fits"}));
}

TEST_F(MpiExtractStage, TheReportTellsOfTheOnlyFrameToo) {
  write_inputs(1);
  auto config = small_config(folder_.path(), 1);
  config.output = {folder_ / "psf.fits/frame.fits"};
  config.report = folder_ / "report.csv";
  const ExtractStage stage(world_, config, job_, {}, out_, err_);
  EXPECT_EQ(run_extract(stage, world_, job_, out_), ExitCode::output);
  if (world_.is_root()) {
    std::ifstream file(config.report);
    EXPECT_NE(out_.str().find("-> " + config.output[0] + ": " + config.output[0] + ": expected"), std::string::npos)
        << out_.str();
    const std::string table{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(table.find(config.output[0] + ",failed,4,"), std::string::npos) << table;
  }
  world_.barrier();
}

TEST_F(MpiExtractStage, AWriteThatFailsIsToldAndTheOtherFramesAreWritten) {
  write_inputs(3);
  auto config = small_config(folder_.path(), 3);
  const ExtractStage stage(world_, config, job_, {}, out_, err_);
  const auto plan = stage.plan();
  comm::agree(world_, "take its place", [&] {
    if (world_.is_root()) fs::create_directory(config.output[1]);
  });
  const auto report = stage.execute(plan);
  EXPECT_EQ(report.code, ExitCode::partial);
  if (world_.is_root()) {
    EXPECT_EQ(report.frames[1].code, ExitCode::output);
    for (const int i : {0, 2}) EXPECT_TRUE(fs::is_regular_file(config.output[static_cast<std::size_t>(i)]));
    EXPECT_TRUE(fs::is_directory(config.output[1]));
  }
}

TEST_F(MpiExtractStage, AFolderThatCanNotBeMadeCostsOnlyItsFrame) {
  write_inputs(2);
  auto config = small_config(folder_.path(), 2);
  config.output[1] = "/proc/zspex/frame-2.fits";  // may be written, by its permissions for root, and yet can't be made
  const auto report = run(world_, config);
  EXPECT_EQ(report.code, ExitCode::partial);
  EXPECT_EQ(results(), (std::set<std::string>{"frame-1.fits"}));
}

TEST_F(MpiExtractStage, ResumeKeepsWholeResultsAndMakesBrokenOnesAgain) {
  write_inputs(2);
  auto config = small_config(folder_.path(), 2);
  EXPECT_EQ(run(world_, config).code, ExitCode::success) << err_.str();
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(24);
  comm::agree(world_, "break the second result", [&] {
    if (!world_.is_root()) return;
    fs::resize_file(config.output[1], fs::file_size(config.output[1]) / 2);
    for (const std::string& path : config.output) fs::last_write_time(path, long_ago);
  });
  job_.resume = true;
  EXPECT_EQ(run(world_, config).code, ExitCode::success) << err_.str();
  if (world_.is_root()) {
    EXPECT_LT(fs::last_write_time(config.output[0]), long_ago + std::chrono::hours(1));
    EXPECT_GT(fs::last_write_time(config.output[1]), long_ago + std::chrono::hours(1));
  }
}

TEST_F(MpiExtractStage, ADryRunTellsFibersBlocksAndMemoryAndWritesNothing) {
  write_inputs(1);
  job_.dry_run = true;
  auto config = small_config(folder_.path(), 1);
  const ExtractStage stage(world_, config, job_, {}, out_, err_);
  EXPECT_EQ(run_extract(stage, world_, job_, out_), ExitCode::success);
  EXPECT_TRUE(results().empty());
  if (world_.is_root()) {
    for (const char* word : {"fibers 0 to 49", "126 bins", "401 x 263 pixels", "memory:", "MiB", "r1-00000001"}) {
      EXPECT_NE(out_.str().find(word), std::string::npos) << word << " not in:\n" << out_.str();
    }
  } else {
    EXPECT_EQ(out_.str(), "");
  }
  config.input = {folder_ / "nothing.fits"};
  const ExtractStage missing(world_, config, job_, {}, out_, err_);
  EXPECT_EQ(run_extract(missing, world_, job_, out_), ExitCode::input);
}

TEST_F(MpiExtractStage, ADryRunTellsOfOutputsThatCanNotBeWritten) {
  write_inputs(2);
  job_.dry_run = true;
  auto config = small_config(folder_.path(), 2);
  config.output[1] = folder_ / "psf.fits/frame.fits";
  const ExtractStage one(world_, config, job_, {}, out_, err_);
  EXPECT_EQ(run_extract(one, world_, job_, out_), ExitCode::partial);
  if (world_.is_root()) {
    EXPECT_NE(err_.str().find("psf.fits/frame.fits: expected"), std::string::npos) << err_.str();
  }
  config.output[0] = folder_ / "psf.fits/other.fits";
  const ExtractStage all(world_, config, job_, {}, out_, err_);
  EXPECT_EQ(run_extract(all, world_, job_, out_), ExitCode::output);
}

TEST_F(MpiExtractStage, TimingsCoverTheRanksThatTookPart) {
  write_inputs(2);
  const auto report = run(world_, small_config(folder_.path(), 2));
  std::set<std::string> steps;
  for (const auto& row : report.timing) {
    steps.insert(row.step);
    EXPECT_EQ(row.stage, "extract");
    EXPECT_LE(row.min_seconds, row.median_seconds);
    EXPECT_LE(row.median_seconds, row.max_seconds);
    EXPECT_GT(row.peak_memory, 1u << 20);
    if (row.step == "read") {
      EXPECT_GT(row.bytes_read, 2 * 12 * 401 * 263u);
    }
    if (row.step == "write") {
      EXPECT_GT(row.bytes_written, 2 * 50 * 126 * 4u);
    }
  }
  EXPECT_EQ(steps, (std::set<std::string>{"read", "wait for input", "share image", "extract", "wait for ranks",
                                          "gather", "write", "whole"}));
}

}  // namespace
}  // namespace zspex::pipeline
