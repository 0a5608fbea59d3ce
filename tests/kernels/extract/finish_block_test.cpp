#include "kernels/extract/finish_block.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/mask_bits.hpp"
#include "core/median.hpp"
#include "kernels/extract/frame_mask.hpp"

namespace zspex::kernels {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

ExtractedBlock block_of(std::size_t nspec, std::size_t nwave) {
  ExtractedBlock block;
  block.block = {0, static_cast<int>(nspec)};
  block.flux = Array2<double>({nspec, nwave}, 8.0);
  block.ivar = Array2<double>({nspec, nwave}, 0.5);
  block.resolution = Array3<double>({nspec, 3, nwave}, 0.25);
  block.chi2pix = Array2<double>({nspec, nwave}, 1.0);
  block.pixmask_fraction = Array2<double>({nspec, nwave});
  block.failed = block.untraced = Array2<std::uint8_t>({nspec, nwave});
  return block;
}

TEST(BinWidths, AreNumpysGradient) {
  // numpy.gradient([1, 2, 4, 8]) = [1, 1.5, 3, 4]
  EXPECT_EQ(bin_widths({1, 2, 4, 8}, 0.8), (std::vector<double>{1, 1.5, 3, 4}));
  EXPECT_EQ(bin_widths({1, 2}, 0.8), (std::vector<double>{1, 1}));
  EXPECT_EQ(bin_widths({5}, 0.8), (std::vector<double>{0.8}));
}

TEST(FinishBlock, BinsBecomeAngstroms) {
  auto block = block_of(2, 3);
  block.flux(1, 2) = 10;
  const auto out = finish_block(std::move(block), {6000, 6001, 6004}, {1, 2, 4});
  EXPECT_EQ(out.flux(0, 0), 8.0f);
  EXPECT_EQ(out.flux(0, 1), 4.0f);
  EXPECT_EQ(out.flux(1, 2), 2.5f);
  EXPECT_EQ(out.ivar(0, 0), 0.5f);
  EXPECT_EQ(out.ivar(0, 1), 2.0f);
  EXPECT_EQ(out.ivar(1, 2), 8.0f);
  EXPECT_EQ(out.resolution(1, 2, 1), 0.25f);  // R has no unit
}

TEST(FinishBlock, MaskBitsSayHowMuchOfTheSpotIsMasked) {
  auto block = block_of(1, 5);
  const double fractions[] = {0, 0.5, 0.51, std::nextafter(1.0, 0.0), 1.0};
  for (std::size_t i = 0; i < 5; ++i) block.pixmask_fraction(0, i) = fractions[i];
  const auto out = finish_block(std::move(block), {1, 2, 3, 4, 5}, std::vector<double>(5, 1));
  EXPECT_EQ(out.mask(0, 0), 0u);
  EXPECT_EQ(out.mask(0, 1), 0u);  // more than half, not half
  EXPECT_EQ(out.mask(0, 2), specmask::somebadpix);
  EXPECT_EQ(out.mask(0, 3), specmask::somebadpix);
  EXPECT_EQ(out.mask(0, 4), specmask::somebadpix | specmask::allbadpix);
  EXPECT_GT(out.ivar(0, 3), 0.0f);
  EXPECT_EQ(out.ivar(0, 4), 0.0f);
}

TEST(FinishBlock, AFailedBinHasNoInformationAndSaysSo) {
  auto block = block_of(1, 4);
  block.failed(0, 1) = 1;
  block.flux(0, 2) = nan;
  block.chi2pix(0, 3) = nan;
  const auto out = finish_block(std::move(block), {1, 2, 3, 4}, std::vector<double>(4, 1));
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

}  // namespace
}  // namespace zspex::kernels
