#include "pipeline/extract/finish_frame.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "core/error.hpp"
#include "core/mask_bits.hpp"
#include "pipeline/extract/scores.hpp"

namespace zspex::pipeline {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

kernels::ExtractedUnit unit_of(std::size_t nspec, std::size_t nwave) {
  kernels::ExtractedUnit unit;
  unit.unit = {0, static_cast<int>(nspec)};
  unit.flux = Array2<double>({nspec, nwave}, 8.0);
  unit.ivar = Array2<double>({nspec, nwave}, 0.5);
  unit.resolution = Array3<double>({nspec, 3, nwave}, 0.25);
  unit.chi2pix = Array2<double>({nspec, nwave}, 1.0);
  unit.pixmask_fraction = Array2<double>({nspec, nwave});
  unit.failed = unit.untraced = Array2<std::uint8_t>({nspec, nwave});
  return unit;
}

TEST(BinWidths, AreNumpysGradient) {
  // numpy.gradient([1, 2, 4, 8]) = [1, 1.5, 3, 4]
  EXPECT_EQ(bin_widths({1, 2, 4, 8}, 0.8), (std::vector<double>{1, 1.5, 3, 4}));
  EXPECT_EQ(bin_widths({1, 2}, 0.8), (std::vector<double>{1, 1}));
  EXPECT_EQ(bin_widths({5}, 0.8), (std::vector<double>{0.8}));
}

TEST(FinishUnit, BinsBecomeAngstroms) {
  auto unit = unit_of(2, 3);
  unit.flux(1, 2) = 10;
  const auto out = finish_unit(std::move(unit), {6000, 6001, 6004}, {1, 2, 4});
  EXPECT_EQ(out.flux(0, 0), 8.0f);
  EXPECT_EQ(out.flux(0, 1), 4.0f);
  EXPECT_EQ(out.flux(1, 2), 2.5f);
  EXPECT_EQ(out.ivar(0, 0), 0.5f);
  EXPECT_EQ(out.ivar(0, 1), 2.0f);
  EXPECT_EQ(out.ivar(1, 2), 8.0f);
  EXPECT_EQ(out.resolution(1, 2, 1), 0.25f);  // R has no unit
}

TEST(FinishUnit, MaskBitsSayHowMuchOfTheSpotIsMasked) {
  auto unit = unit_of(1, 5);
  const double fractions[] = {0, 0.5, 0.51, std::nextafter(1.0, 0.0), 1.0};
  for (std::size_t i = 0; i < 5; ++i) unit.pixmask_fraction(0, i) = fractions[i];
  const auto out = finish_unit(std::move(unit), {1, 2, 3, 4, 5}, std::vector<double>(5, 1));
  EXPECT_EQ(out.mask(0, 0), 0u);
  EXPECT_EQ(out.mask(0, 1), 0u);  // more than half, not half
  EXPECT_EQ(out.mask(0, 2), specmask::somebadpix);
  EXPECT_EQ(out.mask(0, 3), specmask::somebadpix);
  EXPECT_EQ(out.mask(0, 4), specmask::somebadpix | specmask::allbadpix);
  EXPECT_GT(out.ivar(0, 3), 0.0f);
  EXPECT_EQ(out.ivar(0, 4), 0.0f);
}

TEST(FinishUnit, AFailedBinHasNoInformationAndSaysSo) {
  auto unit = unit_of(1, 4);
  unit.failed(0, 1) = 1;
  unit.flux(0, 2) = kNaN;
  unit.chi2pix(0, 3) = kNaN;
  const auto out = finish_unit(std::move(unit), {1, 2, 3, 4}, std::vector<double>(4, 1));
  for (const std::size_t i : {1u, 2u}) {
    EXPECT_EQ(out.mask(0, i), specmask::bad2dfit) << i;
    EXPECT_EQ(out.flux(0, i), 0.0f) << i;
    EXPECT_EQ(out.ivar(0, i), 0.0f) << i;
  }
  EXPECT_EQ(out.mask(0, 3), 0u);
  EXPECT_EQ(out.chi2pix(0, 3), 0.0f);
  EXPECT_TRUE(std::isfinite(out.scores[0].sum));
}

TEST(Scores, AreTheReferencesFormulas) {
  // Bins of 2 Angstrom from 5797 on: those at 5801 and above count. By hand, with flux in 1/Angstrom taken as counts:
  // sum = 3 + 5 + 7; median = median(3, 5, 7) / 2; snr = median(sqrt(ivar) flux / sqrt(2)).
  const std::vector<double> wave{5797, 5799, 5801, 5803, 5805, 7600, 7602}, width(7, 2.0);
  const std::vector<double> flux{100, 100, 3, 5, 7, 1000, 1000}, ivar{1, 1, 4, 1, 9, 1, 1};
  const ScoreRange range = score_range(wave);
  EXPECT_EQ(range.band, 'R');
  EXPECT_EQ(range.first, 2u);
  EXPECT_EQ(range.n, 3u);
  const FiberScores scores = score_fiber(flux, ivar, width, range);
  EXPECT_DOUBLE_EQ(scores.sum, 15);
  EXPECT_DOUBLE_EQ(scores.median, 2.5);
  EXPECT_DOUBLE_EQ(scores.snr, 6 / std::sqrt(2.0));
}

TEST(Scores, TheBandGoesByTheMeanWavelength) {
  EXPECT_EQ(score_range({5700, 5900}).band, 'B');
  EXPECT_EQ(score_range({5700, 5902}).band, 'R');
  EXPECT_EQ(score_range({7500, 7698}).band, 'R');
  EXPECT_EQ(score_range({7500, 7700}).band, 'Z');
}

TEST(Scores, AnEvenMedianIsTheMeanOfTheMiddleTwo) {
  std::vector<double> values{9, 1, 4, 2};
  EXPECT_EQ(median(values), 3);
  values = {9, 1, 4};
  EXPECT_EQ(median(values), 4);
  values.clear();
  EXPECT_EQ(median(values), 0);
}

TEST(Scores, AGridOutsideItsBandsRangeHasNone) {
  EXPECT_FALSE(scores_table({{}}, score_range({3600, 3700, 3800})));
  const auto table = scores_table({{1, 2, 3}, {4, 5, 6}}, score_range({8000, 8001}));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->nrow, 2u);
  EXPECT_EQ(table->numbers("SUM_RAW_COUNT_Z", ""), (std::vector<double>{1, 4}));
  EXPECT_EQ(table->numbers("MEDIAN_RAW_COUNT_Z", ""), (std::vector<double>{2, 5}));
  EXPECT_EQ(table->numbers("MEDIAN_RAW_SNR_Z", ""), (std::vector<double>{3, 6}));
}

/// chi2pix 1 everywhere, in 7 fibers and 11 bins, all with data.
struct ChiSquares {
  Array2<float> chi2{{7, 11}, 1.0f}, ivar{{7, 11}, 1.0f};
  Array2<std::uint32_t> mask{{7, 11}};
};

TEST(BadFits, AnOutlierAmongFibersAndWavelengthsIsFlagged) {
  ChiSquares c;
  c.chi2(3, 4) = 5.01f;
  c.chi2(2, 2) = 5.0f;  // not more than 5 times
  EXPECT_EQ(flag_bad_fits(c.chi2, c.ivar, c.mask), 1u);
  EXPECT_EQ(c.mask(3, 4), specmask::bad2dfit);
  EXPECT_EQ(c.mask(2, 2), 0u);
}

TEST(BadFits, AWholeBadFiberOrWavelengthIsNot) {
  ChiSquares c;
  for (std::size_t i = 0; i < 11; ++i) c.chi2(3, i) = 50;                 // its own median is 50
  for (std::size_t ispec = 0; ispec < 7; ++ispec) c.chi2(ispec, 6) = 80;  // a bright line: bad for all
  EXPECT_EQ(flag_bad_fits(c.chi2, c.ivar, c.mask), 0u);
}

TEST(BadFits, BinsWithoutDataHaveNoPartInTheMedians) {
  ChiSquares c;
  // Most of the fiber and of the wavelength without data: their zeros must not pull the medians to 0.
  for (std::size_t i = 0; i < 8; ++i) c.chi2(3, i) = 0;
  for (std::size_t i = 0; i < 8; ++i) c.ivar(5, i) = 0;
  c.chi2(5, 2) = 1000;  // chi2pix of a bin without information says nothing
  c.chi2(3, 9) = 4;
  EXPECT_EQ(flag_bad_fits(c.chi2, c.ivar, c.mask), 0u);
}

io::Table fibermap_of(int first, int n) {
  std::vector<std::int32_t> fiber;
  for (int i = 0; i < n; ++i) fiber.push_back(first + i);
  io::Table table;
  table.name = "FIBERMAP";
  table.nrow = static_cast<std::size_t>(n);
  io::Column column;
  column.name = "FIBER";
  column.code = 'J';
  column.values = fiber;
  table.columns.push_back(column);
  return table;
}

TEST(Fibermap, RowsOfTheFibersAreKept) {
  const auto rows = trim_fibermap(fibermap_of(1500, 500), 25, 50, 500, "f");
  EXPECT_EQ(rows.nrow, 50u);
  EXPECT_EQ(rows.integers("FIBER", "").front(), 1525);
  EXPECT_EQ(rows.integers("FIBER", "").back(), 1574);
}

TEST(Fibermap, OneThatIsTrimmedAlreadyIsTakenAsItIs) {
  const auto rows = trim_fibermap(fibermap_of(1525, 50), 25, 50, 500, "f");
  EXPECT_EQ(rows.nrow, 50u);
  EXPECT_EQ(rows.integers("FIBER", "").front(), 1525);
}

TEST(Fibermap, TooFewRowsAreRefused) {
  EXPECT_THROW(trim_fibermap(fibermap_of(1500, 50), 25, 50, 500, "f"), FileError);  // other fibers than asked for
  try {
    trim_fibermap(fibermap_of(0, 74), 25, 50, 500, "preproc.fits");
    FAIL() << "74 rows were taken for 75";
  } catch (const FileError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("preproc.fits[FIBERMAP]"), std::string::npos) << message;
    EXPECT_NE(message.find("75"), std::string::npos) << message;
    EXPECT_NE(message.find("74"), std::string::npos) << message;
  }
}

TEST(FinishFrame, TheHeaderHasWhatDesiFramesHave) {
  FrameFacts facts;
  facts.header.set("EXPID", 7);
  facts.header.set("NSPEC", 3, "of something else");
  facts.fibermap = fibermap_of(1525, 2);
  facts.wave = {6000, 6000.8, 6001.6};
  facts.wavemin = 6000;
  facts.wavemax = 6001.7;
  facts.dwave = 0.8;
  facts.specmin = 25;
  facts.input = "/data/preproc.fits";
  facts.psf = "/calib/x/psf.fits";
  facts.orig_psf = "first.fits";
  facts.version = "1.2.3";
  facts.nbad_pixel = 4;
  setenv("DESI_SPECTRO_CALIB", "/calib", 1);
  FrameSpectra spectra(2, 3, 3);
  const io::Frame frame = finish_frame(std::move(spectra), facts);
  unsetenv("DESI_SPECTRO_CALIB");
  EXPECT_EQ(frame.header.integer("EXPID"), 7);
  EXPECT_EQ(frame.header.integer("NSPEC"), 2);
  EXPECT_EQ(frame.header.number("WAVEMIN"), 6000);
  EXPECT_EQ(frame.header.number("WAVEMAX"), 6001.7);
  EXPECT_EQ(frame.header.number("WAVESTEP"), 0.8);
  EXPECT_EQ(frame.header.text("ZSPEX"), "1.2.3");
  EXPECT_EQ(frame.header.text("SPECTER"), "zspex 1.2.3");
  EXPECT_EQ(frame.header.integer("NBADPIX"), 4);
  EXPECT_EQ(frame.header.text("IN_PSF"), "SPCALIB/x/psf.fits");
  EXPECT_EQ(frame.header.text("IN_IMG"), "/data/preproc.fits");
  EXPECT_EQ(frame.header.text("ORIG_PSF"), "first.fits");
  EXPECT_EQ(frame.header.integer("FIBERMIN"), 1525);
  EXPECT_FALSE(frame.header.has("HELIOCOR"));
  ASSERT_TRUE(frame.scores);
  EXPECT_EQ(frame.scores->nrow, 2u);
}

}  // namespace
}  // namespace zspex::pipeline
