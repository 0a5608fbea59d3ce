// Gzipped inputs that a node's ranks decompress for each other.
#include "pipeline/redshift/node_inputs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "io/spectra.hpp"
#include "io/unzipped.hpp"
#include "pipeline/comm/agree.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/redshift/small_survey.hpp"

namespace zspex::pipeline {
namespace {

class MpiNodeInputs : public testing::Test {
 protected:
  MpiNodeInputs() {
    if (world_.is_root()) {
      write_survey(folder_ / "plain.fits", small_survey(config::SimulateKind::coadds, 2));
      write_survey(folder_ / "one.fits.gz", small_survey(config::SimulateKind::coadds, 3));
      write_survey(folder_ / "two.fits.gz", small_survey(config::SimulateKind::spectra, 2, 2));
    }
    world_.barrier();
  }
  NodeInputs read(const std::vector<std::string>& paths) const { return NodeInputs(world_, world_, paths); }

  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
};

TEST_F(MpiNodeInputs, AreWhatTheFilesHold) {
  const NodeInputs inputs = read({folder_ / "plain.fits", folder_ / "one.fits.gz", folder_ / "two.fits.gz"});
  EXPECT_TRUE(inputs.of(0).empty());
  EXPECT_EQ(inputs.empty(), world_.size() < 2);  // no more files than ranks
  for (const auto& [index, name] : {std::pair<std::size_t, const char*>{1, "one.fits.gz"}, {2, "two.fits.gz"}}) {
    const std::string path = folder_ / name;
    const std::span<const std::byte> contents = inputs.of(index);
    if (!inputs.empty()) {
      const io::Unzipped file(path);
      EXPECT_TRUE(std::equal(contents.begin(), contents.end(), file.bytes().begin(), file.bytes().end())) << name;
    }
    const io::SpectraFile read = io::read_spectra(path, std::nullopt, contents), plain = io::read_spectra(path);
    EXPECT_EQ(read.path, path);
    ASSERT_EQ(read.targetid, plain.targetid);
    for (std::size_t band = 0; band < plain.bands.size(); ++band) {
      EXPECT_EQ(read.bands[band].flux, plain.bands[band].flux) << name;
      EXPECT_EQ(read.bands[band].resolution, plain.bands[band].resolution) << name;
    }
  }
}

TEST_F(MpiNodeInputs, MoreFilesThanRanksAreLeftToEach) {
  const std::vector<std::string> paths(static_cast<std::size_t>(world_.size() + 1), folder_ / "one.fits.gz");
  EXPECT_TRUE(read(paths).empty());
}

TEST_F(MpiNodeInputs, ATruncatedFileIsToldToAllRanks) {
  const std::string path = folder_ / "two.fits.gz";
  if (world_.is_root()) std::filesystem::resize_file(path, 5000);
  world_.barrier();
  if (world_.size() == 1) {
    EXPECT_TRUE(read({path}).empty());  // a rank alone reads it itself
    return;
  }
  try {
    (void)read({path});
    ADD_FAILURE() << "not refused";
  } catch (const comm::AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::input);
    EXPECT_NE(std::string(error.what()).find("expected a whole gzip file"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace zspex::pipeline
