#include "pipeline/extract/finish_frame.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.hpp"
#include "pipeline/extract/scores_table.hpp"

namespace zspex::pipeline {
namespace {

TEST(Scores, AGridOutsideItsBandsRangeHasNone) {
  EXPECT_FALSE(scores_table({{}}, kernels::score_range({3600, 3700, 3800})));
  const auto table = scores_table({{1, 2, 3}, {4, 5, 6}}, kernels::score_range({8000, 8001}));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->nrow, 2u);
  EXPECT_EQ(table->numbers("SUM_RAW_COUNT_Z", ""), (std::vector<double>{1, 4}));
  EXPECT_EQ(table->numbers("MEDIAN_RAW_COUNT_Z", ""), (std::vector<double>{2, 5}));
  EXPECT_EQ(table->numbers("MEDIAN_RAW_SNR_Z", ""), (std::vector<double>{3, 6}));
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
