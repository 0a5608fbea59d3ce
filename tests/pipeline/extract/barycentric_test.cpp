#include "pipeline/extract/barycentric.hpp"
#include "config/describe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "core/error.hpp"
#include "io/frame.hpp"
#include "pipeline/extract/checks.hpp"
#include "pipeline/extract/extract.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/extract/small_instrument.hpp"

namespace zspex::pipeline {
namespace {

// made_by: astropy 8.0.2 (pyerfa 2.0.1.5), the rows of Kitt Peak by way of desispec 0.70.0
// command: for Kitt Peak, after desiutil.iers.freeze_iers(),
//            desispec.heliocentric.barycentric_velocity_multiplicative_corr(ra, dec, mjd)
//          for other sites 1 + SkyCoord(ra, dec, frame="icrs").radial_velocity_correction(
//              obstime=Time(mjd, format="mjd"), location=EarthLocation.from_geodetic(lon, lat, height)) / c
// inputs:  directions all over the sky and dates of 1975 to 2044 from numpy.random.default_rng(9), with both poles
// compare: 3e-11, that is 0.01 m/s; the largest difference is 0.007 m/s, by UT1 - UTC of up to 0.9 s
struct Golden {
  double latitude, longitude, height, ra, dec, mjd, factor;
};
constexpr Golden golden[] = {
    {31.96403, -111.59989, 2097, 0, 90, 60317.314825, 0.99998819774613779},
    {31.96403, -111.59989, 2097, 359.9999, -90, 62034.590663, 0.99996064195609324},
    {31.96403, -111.59989, 2097, 309.7417, 56.7698, 57146.23254, 1.0000278594336751},
    {31.96403, -111.59989, 2097, 157.4093, -1.7255, 57358.348086, 1.0001003754493656},
    {31.96403, -111.59989, 2097, 2.0254, 41.3947, 62408.162344, 1.0000202059467054},
    {31.96403, -111.59989, 2097, 282.4595, -21.6412, 60879.335375, 0.99996746974014727},
    {31.96403, -111.59989, 2097, 107.7052, 28.7832, 58538.609709, 0.99992412025097677},
    {31.96403, -111.59989, 2097, 281.7327, 77.2862, 62424.312021, 1.0000154853453618},
    {31.96403, -111.59989, 2097, 317.8305, 55.6514, 60895.138028, 1.000027774819948},
    {31.96403, -111.59989, 2097, 199.6189, 57.8305, 57493.519289, 0.99996296637956039},
    {31.96403, -111.59989, 2097, 133.2474, 12.2324, 59627.514433, 0.99997180015627452},
    {31.96403, -111.59989, 2097, 285.4288, -37.577, 57342.394236, 0.99992700493380127},
    {31.96403, -111.59989, 2097, 45.5466, 67.7534, 57730.259955, 0.99998807599449457},
    {31.96403, -111.59989, 2097, 81.3954, -14.2343, 60428.819027, 0.99994866295615559},
    {31.96403, -111.59989, 2097, 281.5546, -57.4266, 62121.805992, 0.99998252531959531},
    {31.96403, -111.59989, 2097, 274.605, -20.9818, 58041.326107, 0.99990445327972199},
    {31.96403, -111.59989, 2097, 214.543, 10.9165, 58471.075974, 1.0000786919377429},
    {31.96403, -111.59989, 2097, 60.9814, 32.2039, 60699.713889, 0.99991569005499237},
    {31.96403, -111.59989, 2097, 288.0898, -34.1144, 60977.646913, 0.99990990895974785},
    {31.96403, -111.59989, 2097, 26.8577, -80.1718, 57986.889891, 0.99998032708961448},
    {31.96403, -111.59989, 2097, 281.5354, 4.5966, 58034.33022, 0.99991065730453521},
    {31.96403, -111.59989, 2097, 213.3094, 15.7694, 50395.550658, 1.0000348838025384},
    {31.96403, -111.59989, 2097, 259.4172, -76.0882, 51807.714895, 0.99994059455802364},
    {31.96403, -111.59989, 2097, 19.679, -48.4481, 65519.282012, 1.0000248537013237},
    {-30.24463, -70.74942, 2663, 216.9162, 35.5816, 57748.712022, 1.0000664668776715},
    {-30.24463, -70.74942, 2663, 205.8807, 36.1522, 58201.899595, 1.0000058678792583},
    {-30.24463, -70.74942, 2663, 183.7133, 6.4932, 56791.848098, 0.99992429018947915},
    {-30.24463, -70.74942, 2663, 123.1294, 19.604, 52578.505754, 1.0000986081002696},
    {28.7573, -17.885, 2326, 235.6262, -1.7451, 61459.290026, 1.0000943189320932},
    {28.7573, -17.885, 2326, 249.5019, -67.0886, 62336.059002, 0.99995707437694858},
    {-89.99, 0, 2835, 322.8075, -19.7513, 61056.170815, 0.99996015304913843},
    {0, 180, 0, 304.3065, -0.1366, 45356.198131, 0.99999012653647723},
};

TEST(Barycentric, FactorIsAstropysForManyDatesDirectionsAndSites) {
  for (const Golden& row : golden) {
    const double factor =
        barycentric_factor({row.latitude, row.longitude, row.height}, Pointing{row.ra, row.dec, row.mjd});
    EXPECT_NEAR(factor, row.factor, 3e-11)
        << "ra " << row.ra << " dec " << row.dec << " mjd " << row.mjd << " latitude " << row.latitude;
  }
}

TEST(Barycentric, FactorTurnsWithTheEarth) {
  // Rising in the east a star is approached by the equator's 465 m/s, setting in the west it is left by as much.
  const config::Site equator{0, 0, 0};
  double least = 2, most = 0;
  for (double mjd = 59000; mjd < 59001; mjd += 0.01) {
    const double factor = barycentric_factor(equator, {90, 0, mjd});
    least = std::min(least, factor);
    most = std::max(most, factor);
  }
  // The Earth's own velocity changes within that day by less than 0.6 km/s.
  EXPECT_GT((most - least) * 299792.458, 0.7);
  EXPECT_LT((most - least) * 299792.458, 1.6);
}

io::Header header_of(const std::vector<std::pair<std::string, double>>& cards) {
  io::Header header;
  for (const auto& [key, value] : cards) header.set(key, value);
  return header;
}

std::string refusal_of(const io::Header& image, const io::Header* fibermap = nullptr) {
  try {
    find_pointing(image, fibermap, "img.fits");
  } catch (const FileError& error) {
    return error.what();
  }
  return "";
}

TEST(Pointing, KeysAreAskedInTheOrderOfTheReference) {
  const auto all = header_of({{"RA", 1},
                              {"TELRA", 2},
                              {"SKYRA", 3},
                              {"TARGTRA", 4},
                              {"DEC", 5},
                              {"TELDEC", 6},
                              {"SKYDEC", 7},
                              {"TARGTDEC", 8},
                              {"MJD", 58001},
                              {"MJD-OBS", 58002},
                              {"EXPTIME", 864}});
  auto header = all;
  const Pointing first = find_pointing(header, nullptr, "img.fits");
  EXPECT_EQ(first.ra, 4);
  EXPECT_EQ(first.dec, 8);
  EXPECT_DOUBLE_EQ(first.mjd, 58002.005);  // the middle of 864 s
  for (const char* key : {"TARGTRA", "TARGTDEC", "MJD-OBS", "EXPTIME"}) header.erase(key);
  const Pointing second = find_pointing(header, nullptr, "img.fits");
  EXPECT_EQ(second.ra, 3);
  EXPECT_EQ(second.dec, 7);
  EXPECT_EQ(second.mjd, 58001);
  for (const char* key : {"SKYRA", "SKYDEC"}) header.erase(key);
  EXPECT_EQ(find_pointing(header, nullptr, "img.fits").ra, 2);
  for (const char* key : {"TELRA", "TELDEC"}) header.erase(key);
  EXPECT_EQ(find_pointing(header, nullptr, "img.fits").dec, 5);
}

TEST(Pointing, OfEarlyExposuresIsInTheFibermap) {
  const auto image = header_of({{"MJD-OBS", 1}, {"SKYRA", 2}});
  const auto fibermap = header_of({{"TARGTRA", 10}, {"TARGTDEC", -20}, {"MJD-OBS", 59000}});
  const Pointing pointing = find_pointing(image, &fibermap, "img.fits");
  EXPECT_EQ(pointing.ra, 10);
  EXPECT_EQ(pointing.dec, -20);
  EXPECT_EQ(pointing.mjd, 59000);
}

TEST(Pointing, WhatIsMissingIsNamed) {
  const auto says = [](const std::string& text, const std::vector<std::string>& words) {
    for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
  };
  says(refusal_of(header_of({{"TARGTDEC", 3}, {"MJD", 59000}})),
       {"img.fits[IMAGE]", "TARGTRA, SKYRA, TELRA or RA", "without --barycentric-correction"});
  says(refusal_of({}), {"TELRA or RA; TARGTDEC", "TELDEC or DEC; MJD-OBS or MJD, found none of them"});
  says(refusal_of(header_of({{"RA", 3}, {"MJD", 59000}})), {"TARGTDEC, SKYDEC, TELDEC or DEC"});
  says(refusal_of(header_of({{"RA", 3}, {"DEC", 3}})), {"MJD-OBS or MJD"});
  says(refusal_of(header_of({{"RA", 3}, {"DEC", 91}, {"MJD", 59000}})), {"degrees", "91"});
  says(refusal_of(header_of({{"RA", 3}, {"DEC", 3}, {"MJD", 2459000.5}})), {"modified Julian date", "2459000"});
  says(refusal_of(header_of({{"RA", 3}, {"DEC", 3}, {"MJD", 59000}, {"EXPTIME", -1}})), {"EXPTIME", "-1"});
  auto text = header_of({{"DEC", 3}, {"MJD", 59000}});
  text.set("RA", "12:30:01");
  says(refusal_of(text), {"number in RA", "12:30:01"});
}

TEST(Pointing, LampsAreCorrectedWithAWarning) {
  io::Header header;
  header.set("FLAVOR", "ARC");
  ASSERT_EQ(check_flavor(header, "img.fits").size(), 1u);
  EXPECT_NE(check_flavor(header, "img.fits")[0].find("FLAVOR is arc"), std::string::npos);
  header.set("FLAVOR", "science");
  EXPECT_TRUE(check_flavor(header, "img.fits").empty());
}

/// A frame that looks somewhere, extracted with and without a correction.
class MpiBarycentric : public testing::Test {
 protected:
  void SetUp() override {
    if (world_.is_root()) {
      const auto psf = small_psf();
      io::write_psf(folder_ / "psf.fits", psf);
      auto frame = small_frame(psf, 1);
      frame.header.set("TARGTRA", 150.25);
      frame.header.set("TARGTDEC", -31.5);
      frame.header.set("MJD-OBS", 59000.25);
      frame.header.set("EXPTIME", 900.0);
      io::write_preproc(folder_ / "preproc-1.fits", frame);
    }
    world_.barrier();
    config_ = small_config(folder_.path(), 1);
    config_.nspec = 25;
  }
  ExitCode run(const config::ExtractConfig& config, const config::JobConfig& job = {}) {
    config::Settings settings;
    settings.extract = config;
    Provenance provenance;
    provenance.config = config::resolved_yaml(settings, "extract");
    const ExtractStage stage(world_, config, job, provenance, out_, err_);
    return run_extract(stage, world_, job, out_);
  }
  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
  config::ExtractConfig config_;
  std::ostringstream out_, err_;
};

TEST_F(MpiBarycentric, IsAnExtractionOnTheObservedGridThatIsWrittenOnTheNominalOne) {
  const double factor = barycentric_factor({}, {150.25, -31.5, 59000.25 + 450.0 / 86400});
  auto corrected = config_, by_hand = config_;
  corrected.barycentric_correction = true;
  by_hand.output = {folder_ / "by-hand.fits"};
  by_hand.wavelength = config::WaveRange{6000 / factor, 6100 / factor, 0.8 / factor};
  ASSERT_EQ(run(corrected), ExitCode::success) << err_.str();
  ASSERT_EQ(run(by_hand), ExitCode::success) << err_.str();
  if (!world_.is_root()) return;
  const auto a = io::read_frame_fits(corrected.output[0]), b = io::read_frame_fits(by_hand.output[0]);
  EXPECT_TRUE(a.flux == b.flux);
  EXPECT_TRUE(a.ivar == b.ivar);
  EXPECT_TRUE(a.mask == b.mask);
  EXPECT_TRUE(a.chi2pix == b.chi2pix);
  EXPECT_TRUE(a.resolution == b.resolution);
  EXPECT_EQ(a.wave, kernels::wave_grid(6000, 6100, 0.8));
  EXPECT_EQ(a.header.number("HELIOCOR"), factor);
  EXPECT_EQ(a.header.number("WAVEMIN"), 6000.0);
  EXPECT_FALSE(b.header.has("HELIOCOR"));
  // Scores are of the file's wavelengths: a flux per nominal Angstrom, as desispec divides it.
  const double ratio = a.scores->numbers("MEDIAN_RAW_COUNT_R", "")[3] / b.scores->numbers("MEDIAN_RAW_COUNT_R", "")[3];
  EXPECT_NEAR(ratio * factor, 1, 1e-12);
}

TEST_F(MpiBarycentric, ResumeLooksAtTheWavelengthsThatARuleFinds) {
  config::JobConfig resume;
  resume.resume = true;
  ASSERT_EQ(run(config_), ExitCode::success) << err_.str();
  config_.wavelength = config::CameraRule::psf;
  EXPECT_EQ(run(config_, resume), ExitCode::success) << err_.str();
  if (world_.is_root()) {
    EXPECT_EQ(io::read_frame_fits(config_.output[0]).wave, kernels::wave_grid(5990, 6110, 0.8));
  }
  out_.str("");
  EXPECT_EQ(run(config_, resume), ExitCode::success);
  if (world_.is_root()) {
    EXPECT_NE(out_.str().find("is there already"), std::string::npos) << out_.str();
  }
}

TEST_F(MpiBarycentric, ResumeKeepsOnlyWhatWasCorrectedAlike) {
  config::JobConfig resume;
  resume.resume = true;
  ASSERT_EQ(run(config_), ExitCode::success) << err_.str();
  config_.barycentric_correction = true;
  EXPECT_EQ(run(config_, resume), ExitCode::success) << err_.str();
  if (world_.is_root()) {
    EXPECT_TRUE(io::read_frame_fits(config_.output[0]).header.has("HELIOCOR"));
  }
  out_.str("");
  EXPECT_EQ(run(config_, resume), ExitCode::success);
  if (world_.is_root()) {
    EXPECT_NE(out_.str().find("is there already"), std::string::npos) << out_.str();
  }
}

}  // namespace
}  // namespace zspex::pipeline
