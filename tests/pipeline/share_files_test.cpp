// Lists and folders that nodes see differently: all ranks work on what the root sees.
#include "pipeline/share_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pipeline/comm/agree.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<std::string>;

/// Each rank's own view: only the root has the lists and the folder.
class MpiShareFiles : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const std::string path = view() + "/" + name;
    if (world_.is_root()) std::ofstream(path) << text;
    return path;
  }
  std::string view() const { return world_.is_root() ? folder_.path() : folder_ / "nothing"; }
  config::CommandLine parse(Files words) const {
    std::vector<const char*> argv = {"zspex"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    config::CommandLine line;
    comm::agree(world_, "", [&] {
      line = config::parse_command_line(static_cast<int>(argv.size()), argv.data(), world_.is_root());
    });
    share_files(world_, line);
    return line;
  }

  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
};

TEST_F(MpiShareFiles, AFolderIsOneWhereTheRootSeesIt) {
  const std::string out = view() + "/out";
  if (world_.is_root()) fs::create_directory(out);
  const auto runs = parse({"redshift", "-i", "a.fits", "b.fits", "-o", out}).redshift_runs;
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].input, Files{"b.fits"});
  EXPECT_EQ(runs[1].output, folder_ / "out/redrock-b.fits");
}

TEST_F(MpiShareFiles, RunsOfAListAreTheRoots) {
  const auto list = write("list.yaml",
                          "- {input: [a.fits, b.fits], output: x.h5, details: d.h5, model: m.fits, priors: p.fits, "
                          "chi2_scan: s.h5}\n- {input: c.fits, output: y.h5}\n");
  const auto runs = parse({"redshift", "--list", list, "--nminima", "5"}).redshift_runs;
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].input, (Files{"a.fits", "b.fits"}));
  EXPECT_EQ(runs[0].output, "x.h5");
  EXPECT_EQ(runs[0].details, "d.h5");
  EXPECT_EQ(runs[0].model, "m.fits");
  EXPECT_EQ(runs[0].priors, "p.fits");
  EXPECT_EQ(runs[0].chi2_scan, "s.h5");
  EXPECT_EQ(runs[1].input, Files{"c.fits"});
  EXPECT_EQ(runs[1].output, "y.h5");
  EXPECT_EQ(runs[1].priors, "");
  EXPECT_EQ(runs[1].nminima, 5) << "the job's settings hold for each run";
}

TEST_F(MpiShareFiles, FramesOfAListAreTheRoots) {
  const auto list = write("list.txt", "p1.fits psf1.fits f1.fits\np2.fits psf2.fits f2.fits\n");
  const auto frames = parse({"extract", "--list", list}).extract;
  EXPECT_EQ(frames.input, (Files{"p1.fits", "p2.fits"}));
  EXPECT_EQ(frames.psf, (Files{"psf1.fits", "psf2.fits"}));
  EXPECT_EQ(frames.output, (Files{"f1.fits", "f2.fits"}));
}

}  // namespace
}  // namespace zspex::pipeline
