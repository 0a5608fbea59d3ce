// Results in folders: one redshift file per input.
#include <filesystem>

#include "config/redshift_files.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;
using config::SimulateKind;

class RedshiftRuns : public SmallRun {
 protected:
  RedshiftRuns() {
    fs::create_directories(folder_ / "out");
    config_.output = config_.details = config_.model = folder_ / "out/";
    config_.input = {folder_ / "coadd-main-dark-1.fits", folder_ / "spectra-7.fits", folder_ / "else.fits"};
    write_survey(config_.input[0], small_survey(SimulateKind::coadds, 2));
    write_survey(config_.input[1], small_survey(SimulateKind::spectra, 2, 2));
    write_survey(config_.input[2], small_survey(SimulateKind::coadds, 3, 3, 1));
  }
  ExitCode run_all(const config::JobConfig& job = {}) {
    return run_redshifts(world_, config_, job, {}, out_, err_, {});
  }
  std::vector<std::int64_t> targets_of(const std::string& name) const {
    std::vector<std::int64_t> ids;
    for (const auto& row : io::read_redshifts(folder_ / ("out/" + name))) ids.push_back(row.targetid);
    return ids;
  }
};

TEST_F(RedshiftRuns, EachInputHasFilesOfItsOwn) {
  EXPECT_EQ(run_all(), ExitCode::success);
  EXPECT_EQ(targets_of("redrock-main-dark-1.fits"), small_survey(SimulateKind::coadds, 2).targetid);
  EXPECT_EQ(targets_of("redrock-7.fits").size(), 2u);
  EXPECT_EQ(targets_of("redrock-else.fits"), small_survey(SimulateKind::coadds, 3, 3, 1).targetid);
  for (const char* name : {"rrdetails-7.h5", "rrmodel-7.fits", "rrdetails-else.h5", "rrmodel-main-dark-1.fits"})
    EXPECT_TRUE(fs::exists(folder_ / (std::string("out/") + name))) << name;
  // The same as alone.
  config_.input = {config_.input[2]};
  config_.output = folder_ / "alone.fits";
  config_.details.clear();
  config_.model.clear();
  EXPECT_EQ(run_all(), ExitCode::success);
  const auto alone = io::read_redshifts(config_.output), among = io::read_redshifts(folder_ / "out/redrock-else.fits");
  ASSERT_EQ(alone.size(), among.size());
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(alone[i].z, among[i].z);
}

TEST_F(RedshiftRuns, AnInputThatCantBeReadCostsNoOther) {
  fs::resize_file(config_.input[1], 5000);
  EXPECT_EQ(run_all(), ExitCode::input);
  EXPECT_TRUE(fs::exists(folder_ / "out/redrock-main-dark-1.fits"));
  EXPECT_TRUE(fs::exists(folder_ / "out/redrock-else.fits"));
  EXPECT_FALSE(fs::exists(folder_ / "out/redrock-7.fits"));
  EXPECT_NE(err_.str().find("spectra-7.fits"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find("1 of 3 files failed"), std::string::npos) << err_.str();
}

}  // namespace
}  // namespace zspex::pipeline
