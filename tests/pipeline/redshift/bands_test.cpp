// Bands by other names, and in another order.
#include <algorithm>
#include <cmath>

#include "io/detail/fits_reader.hpp"
#include "kernels/redshift/line_spread.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

std::string upper_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(c));
  return text;
}

class BandsOfSpectra : public SmallRun {
 protected:
  const io::SpectraFile& survey() const { return small_survey(config::SimulateKind::coadds, 4); }
  void run_on(const io::SpectraFile& file, const std::string& name) {
    config_.input = {write_survey(folder_ / (name + "-coadd.fits"), file)};
    config_.model = folder_ / (name + "-model.fits");
    run(name);
  }
  std::vector<std::string> hdus_of_model(const std::string& name) const {
    std::vector<std::string> names;
    const io::detail::FitsReader file(folder_ / (name + "-model.fits"));
    for (const auto& hdu : file.hdus())
      if (hdu.name.ends_with("_MODEL")) names.push_back(hdu.name);
    return names;
  }
  /// LEGCOEFF of the best row of the first target.
  std::vector<double> legcoeff(const std::string& name) const {
    io::detail::FitsReader file(folder_ / (name + ".fits"));
    const io::Table table = file.table(file.need("REDSHIFTS"));
    const io::Column* column = table.find("LEGCOEFF");
    if (!column) return {};
    const auto& values = std::get<std::vector<double>>(column->values);
    return {values.begin(), values.begin() + column->repeat};
  }
};

TEST_F(BandsOfSpectra, MayHaveAnyName) {
  run_on(survey(), "usual");
  io::SpectraFile file = survey();
  file.bands[0].band = "brz";
  file.bands[1].band = "my_band";
  file.bands[2].band = "x";
  run_on(file, "other");
  expect_same_answers(folder_ / "other.h5", folder_ / "usual.h5", survey().targetid);
  EXPECT_EQ(hdus_of_model("other"), (std::vector<std::string>{"BRZ_MODEL", "MY_BAND_MODEL", "X_MODEL"}));
}

TEST_F(BandsOfSpectra, KeepTheOrderOfTheFileInTheModelAndAreAlphabeticalInLegcoeff) {
  config_.archetypes = {write_archetypes(folder_ / "rrarchetype-galaxy.fits")};
  run_on(survey(), "usual");
  io::SpectraFile file = survey();
  std::swap(file.bands[0], file.bands[2]);
  run_on(file, "turned");
  EXPECT_EQ(hdus_of_model("usual"), (std::vector<std::string>{"B_MODEL", "R_MODEL", "Z_MODEL"}));
  EXPECT_EQ(hdus_of_model("turned"), (std::vector<std::string>{"Z_MODEL", "R_MODEL", "B_MODEL"}));
  for (const std::int64_t id : survey().targetid) {
    const auto a = best(id, "usual"), b = best(id, "turned");
    // Sums over the same pixels in another order.
    EXPECT_NEAR(a.z, b.z, 1e-9);
    EXPECT_NEAR(a.chi2, b.chi2, 1e-6 * a.chi2);
    EXPECT_EQ(a.npixels, b.npixels);
  }
  const auto a = legcoeff("usual"), b = legcoeff("turned");
  ASSERT_EQ(a.size(), 6u) << "three bands of two polynomials";
  ASSERT_EQ(b.size(), 6u);
  const double size =
      std::abs(*std::max_element(a.begin(), a.end(), [](double x, double y) { return std::abs(x) < std::abs(y); }));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(a[i], b[i], 1e-6 * size) << i;
  EXPECT_GT(std::abs(a[0] - a[4]), 1e-3 * size) << "or this test would not see their order";
}

TEST_F(BandsOfSpectra, WithoutResolutionGetThatOfTheOption) {
  for (const double r_fwhm : {0.0, 2000.0}) {
    // What is computed must be as if it had been in the file.
    io::SpectraFile file = survey();
    io::BandSpectra& band = file.bands[1];
    const auto spread = kernels::line_spread(band.wave, r_fwhm);
    band.resolution = Array3<float>({file.targetid.size(), spread.size() / band.wave.size(), band.wave.size()});
    for (std::size_t i = 0; i < file.targetid.size(); ++i)
      std::copy(spread.begin(), spread.end(), band.resolution.row(i).begin());
    config_.resolution.reset();
    run_on(file, "given");
    config_.resolution = config::LineSpread{r_fwhm};
    const std::string part = upper_case(band.band) + "_RESOLUTION";
    config_.input = {write_survey(folder_ / "bare-coadd.fits", file, part)};
    run("without");
    expect_same_answers(folder_ / "without.h5", folder_ / "given.h5", survey().targetid);
    config_.resolution.reset();
    expect_refusal(ExitCode::input, {"bare-coadd.fits[" + part + "]", "--resolution"});
  }
}

TEST_F(BandsOfSpectra, WithResolutionKeepTheirs) {
  run_on(survey(), "usual");
  config_.resolution = config::LineSpread{100};
  run_on(survey(), "option");
  expect_same_answers(folder_ / "usual.h5", folder_ / "option.h5", survey().targetid);
}

}  // namespace
}  // namespace zspex::pipeline
