// Files that can't be used, or not as they are: what is told, and what is done.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"
#include "kernels/redshift/redshift.hpp"
#include "kernels/redshift/redshift_grid.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;
namespace zwarn = zwarn;
using config::SimulateKind;

class BadInput : public SmallRun {
 protected:
  const io::SpectraFile& survey() const { return small_survey(SimulateKind::coadds, 3); }
  void write_good() const { write_survey(folder_ / "coadd.fits", survey()); }
  std::string write_one(const std::string& name, const std::function<void(io::TemplateFile&)>& change) const {
    io::TemplateFile file = small_templates()[2];
    change(file);
    file.path = folder_ / name;
    io::write_template(file);
    return file.path;
  }
  std::vector<std::string> templates() const {
    return {folder_ / "rrtemplate-GALAXY-small.fits", folder_ / "rrtemplate-QSO-small.fits",
            folder_ / "rrtemplate-STAR-small.fits"};
  }
};

TEST_F(BadInput, AFileThatIsNoneIsNamedWithWhatIsWrong) {
  expect_refusal(ExitCode::input, {"coadd.fits", "No such file"});
  std::ofstream(folder_ / "coadd.fits").flush();
  expect_refusal(ExitCode::input, {"coadd.fits", "empty"});
  std::ofstream(folder_ / "coadd.fits") << "TARGETID Z\n1 0.5\n";
  expect_refusal(ExitCode::input, {"coadd.fits", "SIMPLE"});
  write_good();
  const auto whole = fs::file_size(folder_ / "coadd.fits");
  for (const auto size : {std::uintmax_t{100}, std::uintmax_t{2880 + 1700}, whole / 3, whole / 2 + 7, whole - 2880}) {
    write_good();
    fs::resize_file(folder_ / "coadd.fits", size);
    const std::string what = refusal(ExitCode::input);  // the second one where a file is cut between two HDUs
    EXPECT_EQ(what.find("coadd.fits"), folder_.path().size() + 1) << what;
    EXPECT_TRUE(what.ends_with("Copy the file again, or make it again.") || what.ends_with("it was copied whole."))
        << size << " bytes: " << what;
  }
  config_.input = {templates()[0]};
  expect_refusal(ExitCode::input, {"rrtemplate-GALAXY-small.fits", "Give a file of flux-calibrated spectra"});
  // Of several, the bad one is named.
  write_good();
  config_.input = {folder_ / "coadd.fits", folder_ / "other.fits"};
  expect_refusal(ExitCode::input, {"other.fits"});
}

TEST_F(BadInput, AMissingHduIsNamed) {
  for (const char* name : {"FIBERMAP", "B_FLUX", "R_FLUX", "R_IVAR", "Z_RESOLUTION"}) {
    write_survey(folder_ / "coadd.fits", survey(), name);
    expect_refusal(ExitCode::input, {"coadd.fits", name});
  }
  // A band is where its wavelengths are; without masks nothing is masked; without scores there is no TSNR2.
  write_good();
  run("whole");
  for (const char* name : {"B_MASK", "SCORES", "B_WAVELENGTH"}) {
    write_survey(folder_ / "coadd.fits", survey(), name);
    EXPECT_EQ(run("less").code, ExitCode::success) << name;
    io::detail::FitsReader less(folder_ / "less.fits");
    EXPECT_EQ(less.find("TSNR2") == nullptr, std::string(name) == "SCORES");
  }
}

TEST_F(BadInput, AnHduOfAnotherShapeIsNamed) {
  io::SpectraFile file = survey();
  const auto expect = [&](const std::string& part, const std::vector<std::string>& words) {
    write_survey(folder_ / "coadd.fits", file);
    std::vector<std::string> all = {"coadd.fits[" + part};
    all.insert(all.end(), words.begin(), words.end());
    expect_refusal(ExitCode::input, all);
    file = survey();
  };
  file.bands[1].ivar = Array2<float>({3, 7});
  expect("R_IVAR]", {"expected 3 x 101 values", "found 3 x 7"});
  file.bands[1].resolution = Array3<float>({2, 11, 101});
  expect("R_RESOLUTION]", {"expected 3 x 11 x 101", "found 2 x 11 x 101"});
  file.bands[2].mask = Array2<std::uint32_t>({4, 61});
  expect("Z_MASK]", {"found 4 x 61"});
  file.bands[0].wave[5] = file.bands[0].wave[4];
  expect("B_WAVELENGTH]", {"that grow", "index 5"});
  file.bands[0].wave[9] = std::numeric_limits<double>::quiet_NaN();
  expect("B_WAVELENGTH]", {"nan", "index 9"});
  file.fibermap = file.fibermap.rows(0, 2);
  expect("FIBERMAP]", {"expected 3 rows", "found 2"});
  file.scores = file.scores->rows(0, 1);
  expect("SCORES]", {"expected 3 rows", "found 1"});
  std::erase_if(file.fibermap.columns, [](const io::Column& column) { return column.name == "TARGETID"; });
  expect("FIBERMAP.TARGETID]", {});
}

TEST_F(BadInput, AFileWithoutRowsEndsARunOnlyAlone) {
  write_survey(folder_ / "none.fits", pick_rows(survey(), {}));
  config_.input = {folder_ / "none.fits"};
  expect_refusal(ExitCode::input, {"none.fits[FIBERMAP]", "expected at least one target, found none"});
  config_.input = {write_survey(folder_ / "some.fits", survey())};
  run("alone");
  config_.input = {folder_ / "none.fits", folder_ / "some.fits"};
  EXPECT_EQ(run("both").ntarget, 3u);
  expect_same_answers(folder_ / "both.h5", folder_ / "alone.h5", survey().targetid);
}

TEST_F(BadInput, UnlikeTablesAreJoinedWithAWarning) {
  io::SpectraFile other = small_survey(SimulateKind::coadds, 3, 1, 1);
  std::erase_if(other.fibermap.columns, [](const io::Column& column) { return column.name == "PMRA"; });
  config_.input = {write_survey(folder_ / "1.fits", survey()), write_survey(folder_ / "2.fits", other)};
  EXPECT_EQ(run().ntarget, 6u);
  EXPECT_NE(err_.str().find("warning: FIBERMAP: expected the same columns in all files, found others in " +
                            config_.input[1] + "; left out: PMRA\n"),
            std::string::npos)
      << err_.str();
}

TEST_F(BadInput, ATemplateThatDoesNotCoverSaysWhichRangeWould) {
  write_good();
  // 4000 to 8048 Angstrom and half a bin, at redshifts 0.15 to 0.6: a rest frame from 2493 to 6999.
  config_.zscan_galaxy->zmax = 0.6;
  const std::string what = refusal(ExitCode::numerics);
  const double zmax = kernels::redshift_grid("GALAXY", {0.15, 0.6, 4e-4}).back();
  char text[300];
  std::snprintf(
      text, sizeof text,
      "redshift: template GALAXY: expected rest wavelengths from %.0f to %.0f Angstrom, to cover the spectra at "
      "redshifts 0.150000 to %.6f, found 3000 to 7100. Narrow the scan (--zscan-galaxy",
      3989.6 / (1 + zmax), 8048.4 / 1.15, zmax);
  EXPECT_EQ(what.find(text), 0u) << what << "\n" << text;
  config_.zscan_galaxy = {0.1, 0.15, 1e-3};
  expect_refusal(ExitCode::numerics, {"template GALAXY: expected rest wavelengths from 34", "to 7317"});
  // A template's own redshifts.
  config_.zscan_galaxy = {0.15, 0.28, 4e-4};
  config_.templates = {write_one("t.fits", [](auto& file) { file.redshifts = {0.0, 0.1, 1.2}; })};
  expect_refusal(ExitCode::numerics, {"template STAR:::F", "redshifts 0.000000 to 1.200000"});
}

TEST_F(BadInput, OfTwoTemplatesOfOneNameTheLaterIsUsedInItsPlace) {
  write_good();
  auto files = templates();
  files.push_back(write_one("other.fits", [](auto& file) {
    file.spectype = "QSO";
    file.subtype = "HIZ";
    file.version = "mine";
    file.redshifts = {0, 0.0001, 0.0002, 0.0003};
  }));
  config_.templates = files;
  EXPECT_EQ(run("twice").code, ExitCode::success);
  EXPECT_EQ(err_.str(),
            "zspex redshift: warning: template QSO:::HIZ: expected one file, found rrtemplate-QSO-small.fits and "
            "other.fits; other.fits is used\n");
  config_.templates = {files[0], files[3], files[2]};
  run("once");
  expect_same_answers(folder_ / "twice.h5", folder_ / "once.h5", survey().targetid);
  io::detail::FitsReader file(folder_ / "twice.fits");
  const io::Header header = file.header(file.hdus()[0]);
  EXPECT_EQ(header.text("TEMFIL01"), "other.fits");
  EXPECT_EQ(header.text("TEMVER01"), "mine");
  EXPECT_FALSE(header.has("TEMNAM03"));
}

TEST_F(BadInput, TemplatesThatAreNoneAreRefused) {
  write_good();
  const auto refuse = [&](const std::vector<std::string>& files, ExitCode code, const std::vector<std::string>& words) {
    config_.templates = files;
    expect_refusal(code, words);
  };
  refuse({folder_ / "nowhere"}, ExitCode::input, {"nowhere", "no such file", "Correct -t"});
  refuse({folder_ / "coadd.fits"}, ExitCode::input, {"coadd.fits[BASIS_VECTORS]"});
  refuse({write_one("nan.fits", [](auto& file) { file.basis(1, 7) = std::nan(""); })}, ExitCode::input,
         {"nan.fits[BASIS_VECTORS]", "finite values", "in row 1"});
  refuse({write_one("two.fits",
                    [](auto& file) {
                      file.redshifts = {0, 0.0001};
                    })},
         ExitCode::input, {"two.fits[REDSHIFTS]", "at least 3 redshifts, found 2"});
  refuse({write_one("method.fits", [](auto& file) { file.method = "SVD"; })}, ExitCode::input,
         {"method.fits[BASIS_VECTORS]", "RRMETHOD", "found 'SVD'"});
  refuse({write_one("type.fits", [](auto& file) { file.spectype = "PLANET"; })}, ExitCode::numerics, {"PLANET"});
}

TEST_F(BadInput, AFitThatHasNoSolutionHasNoChi2) {
  write_good();
  config_.templates = {templates()[0], write_one("zero.fits", [](auto& file) {
                         file.method = "PCA";
                         std::fill(file.basis.row(2).begin(), file.basis.row(2).end(), 0.0);
                         file.basis.row(2).back() = 1;  // a vector, but 0 where there are data
                       })};
  EXPECT_EQ(run().code, ExitCode::success);
  const auto scan = io::read_zscan(folder_ / "redshifts.h5", "STAR:::F", survey().targetid);
  for (const float chi2 : scan.zchi2) ASSERT_EQ(chi2, static_cast<float>(kernels::no_chi2));
  for (const float coeff : scan.zcoeff) ASSERT_EQ(coeff, 0);
  EXPECT_EQ(best(survey().targetid[0]).spectype, "GALAXY") << "the other template has its minima";
  EXPECT_EQ(best(survey().targetid[0]).zwarn, 0);
}

TEST_F(BadInput, APriorWhereNoTemplateHasRedshiftsLeavesNone) {
  write_good();
  const auto& id = survey().targetid;
  config_.priors = write_priors(folder_ / "priors.fits", "tophat", {id[1]}, {17.3}, {0.2});
  EXPECT_EQ(run().code, ExitCode::success);
  const auto row = best(id[1]);
  EXPECT_EQ(row.z, 0);
  EXPECT_EQ(row.spectype, "GALAXY");
  EXPECT_EQ(row.fitmethod, "NONE");
  EXPECT_EQ(row.zwarn, zwarn::bad_minfit);
  EXPECT_GT(row.npixels, 300) << "it has data";
  EXPECT_EQ(best(id[0]).zwarn, 0);
  // A prior that can't be one.
  config_.priors = write_priors(folder_ / "priors.fits", "tophat", {id[1], id[0]}, {1, 0.2}, {0.2, 0});
  expect_refusal(ExitCode::input, {"priors.fits[PRIORS]", "SIGMA > 0", "in row 1"});
  config_.priors = write_priors(folder_ / "priors.fits", "flat", {id[1]}, {1}, {0.2});
  expect_refusal(ExitCode::input, {"priors.fits[PRIORS.FUNCTION]", "found 'flat'"});
}

TEST_F(BadInput, AScanOfOtherTargetsOrTemplatesIsRefused) {
  write_good();
  config_.ntargets = 2;
  run("two");
  config_.chi2_scan = folder_ / "two.h5";
  EXPECT_EQ(run("again").code, ExitCode::success);
  config_.ntargets = 0;
  expect_refusal(ExitCode::input, {"two.h5[/targetids]", std::to_string(survey().targetid[2]), "without --chi2-scan"});
  config_.ntargets = 2;
  config_.zscan_star->dz = 2e-4;
  expect_refusal(ExitCode::input,
                 {"two.h5[/zscan/STAR:::F]", "expected the redshifts and basis vectors of the template (11 x 3)"});
  config_.zscan_star = {-0.00101, 0.001, 1e-4};  // as many others
  expect_refusal(ExitCode::input, {"two.h5[/zscan/STAR:::F]", "(21 x 3), found others"});
  config_.zscan_star = {-0.001, 0.00101, 1e-4};
  config_.templates = {write_one("other.fits", [](auto& file) { file.subtype = "G"; })};
  expect_refusal(ExitCode::input, {"two.h5[/zscan]", "expected the scan of STAR:::G, found none"});
}

TEST_F(BadInput, ArchetypesThatCanNotBeUsedAreRefused) {
  write_good();
  config_.archetypes = {folder_ / "coadd.fits"};
  expect_refusal(ExitCode::input, {"coadd.fits[ARCHETYPES]"});
  config_.archetypes = {write_archetypes(folder_ / "rrarchetype-galaxy.fits")};
  config_.templates = {write_one("galaxy.fits", [](auto& file) {
    file.spectype = "GALAXY";
    file.subtype = "";
    file.redshifts = {0, 0.001, 0.002};
  })};
  expect_refusal(ExitCode::numerics, {"archetypes of GALAXY: expected rest wavelengths", "found 3000 to 7100"});
}

TEST_F(BadInput, AnOutputThatCanNotBeWrittenIsRefusedBeforeAnythingIsRead) {
  for (auto* path : {&config_.output, &config_.details, &config_.model}) {
    config_.output = folder_ / "redshifts.fits";
    config_.details = config_.model = "";
    std::ofstream(folder_ / "not") << "a file";
    *path = folder_ / "not/there.fits";
    const RedshiftStage stage(world_, config_, {}, {}, out_, err_);
    try {
      (void)stage.plan();
      ADD_FAILURE() << "not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::output) << "and not that there is no coadd: " << error.what();
      EXPECT_NE(std::string(error.what()).find("not/there.fits"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace zspex::pipeline
