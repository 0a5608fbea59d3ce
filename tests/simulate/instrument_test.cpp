#include "simulate/instrument.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/error.hpp"
#include "kernels/extract/extract.hpp"

namespace zspex::simulate {
namespace {

class InventedPsf : public testing::TestWithParam<char> {
 protected:
  Camera camera_{GetParam(), 0};
  io::PsfFile psf_ = invent_psf(camera_);
  config::WaveRange range_ = production_range(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Bands, InventedPsf, testing::Values('b', 'r', 'z'),
                         [](const auto& info) { return std::string(1, info.param); });

TEST_P(InventedPsf, SpotsOfTheProductionRangeAndOfItsPaddingAreOnTheCcd) {
  EXPECT_EQ(psf_.nspec, 500);
  EXPECT_EQ(psf_.npix_x, GetParam() == 'b' ? 4096 : 4114);
  EXPECT_EQ(psf_.npix_y, GetParam() == 'b' ? 4096 : 4128);
  // The extraction pads by 12 bins below, and by up to 12 + 49 bins above.
  const double low = range_.wavemin - 12 * 0.8, high = range_.wavemax + 61 * 0.8;
  for (int ispec = 0; ispec < psf_.nspec; ++ispec)
    for (double wave = low; wave <= high; wave += (high - low) / 40) {
      const double x = evaluate(psf_.x, ispec, wave), y = evaluate(psf_.y, ispec, wave);
      ASSERT_GT(x, psf_.hsizex) << "fiber " << ispec << " at " << wave;
      ASSERT_LT(x, psf_.npix_x - 1 - psf_.hsizex) << "fiber " << ispec << " at " << wave;
      ASSERT_GT(y, psf_.hsizey) << "fiber " << ispec << " at " << wave;
      ASSERT_LT(y, psf_.npix_y - 1 - psf_.hsizey) << "fiber " << ispec << " at " << wave;
    }
  EXPECT_LT(psf_.x.wavemin, low);
  EXPECT_GT(psf_.x.wavemax, high);
}

TEST_P(InventedPsf, FibersAreSpacedAsInTheRealSlit) {
  for (double wave : {range_.wavemin, 0.5 * (range_.wavemin + range_.wavemax), range_.wavemax})
    for (int ispec = 1; ispec < psf_.nspec; ++ispec) {
      const double step = evaluate(psf_.x, ispec, wave) - evaluate(psf_.x, ispec - 1, wave);
      const bool gap = ispec % bundle_size == 0;
      ASSERT_NEAR(step, gap ? 17.5 : 7.3, gap ? 1.0 : 0.25) << "fiber " << ispec << " at " << wave;
    }
}

TEST_P(InventedPsf, RowsGrowWithWavelengthAndCurveAlongTheSlit) {
  for (int ispec : {0, 137, 250, 499}) {
    double before = evaluate(psf_.y, ispec, psf_.x.wavemin);
    for (double wave = psf_.x.wavemin + 5; wave <= psf_.x.wavemax; wave += 5) {
      const double y = evaluate(psf_.y, ispec, wave), rows_per_bin = (y - before) * 0.8 / 5;
      ASSERT_GT(rows_per_bin, 1.1) << "fiber " << ispec << " at " << wave;
      ASSERT_LT(rows_per_bin, 1.8) << "fiber " << ispec << " at " << wave;
      before = y;
    }
  }
  // One wavelength crosses about 20 rows within a bundle at the slit's end, hardly any in the middle.
  const double wave = 0.5 * (range_.wavemin + range_.wavemax);
  EXPECT_NEAR(evaluate(psf_.y, 0, wave) - evaluate(psf_.y, 24, wave), 19, 4);
  EXPECT_NEAR(evaluate(psf_.y, 225, wave) - evaluate(psf_.y, 249, wave), 0, 3);
}

TEST_P(InventedPsf, WidthsArePositiveAndVary) {
  double low = 9, high = 0;
  for (int ispec = 0; ispec < psf_.nspec; ++ispec)
    for (double wave = psf_.wavemin; wave <= psf_.wavemax; wave += 50) {
      const double sigmax = evaluate(psf_.sigmax, ispec, wave), sigmay = evaluate(psf_.sigmay, ispec, wave);
      ASSERT_GT(sigmax, 0.85) << ispec << " " << wave;
      ASSERT_LT(sigmax, 1.25) << ispec << " " << wave;
      ASSERT_GT(sigmay, 0.95) << ispec << " " << wave;
      ASSERT_LT(sigmay, 1.35) << ispec << " " << wave;
      low = std::min(low, sigmax);
      high = std::max(high, sigmax);
    }
  EXPECT_GT(high - low, 0.1);
}

/// One bin's light on an image that is just the spot and its neighborhood.
Array2<double> spot(const io::PsfFile& psf, int ispec, double wave) {
  Array2<double> image({static_cast<std::size_t>(psf.npix_y), static_cast<std::size_t>(psf.npix_x)});
  kernels::project_spectra(psf, {wave}, ispec, Array2<double>({1, 1}, 1.0), image);
  return image;
}

TEST_P(InventedPsf, SpotsAreNeitherSymmetricNorTheSameInXAndY) {
  const auto psf = invent_psf(camera_, 25);
  // A symmetric spot, or one that does not change when x and y are exchanged, would hide a transposition.
  const double wave = range_.wavemin + 0.3 * (range_.wavemax - range_.wavemin);
  const Array2<double> image = spot(psf, 11, wave);
  const double x = evaluate(psf.x, 11, wave), y = evaluate(psf.y, 11, wave);
  double sum = 0, xxx = 0, yyy = 0, xy = 0, xx = 0, yy = 0, cx = 0, cy = 0;
  for (std::size_t iy = 0; iy < image.extent(0); ++iy)
    for (std::size_t ix = 0; ix < image.extent(1); ++ix) {
      ASSERT_GE(image(iy, ix), 0);
      sum += image(iy, ix);
      cx += image(iy, ix) * (static_cast<double>(ix) - x);
      cy += image(iy, ix) * (static_cast<double>(iy) - y);
    }
  EXPECT_NEAR(sum, 1, 1e-12);
  for (std::size_t iy = 0; iy < image.extent(0); ++iy)
    for (std::size_t ix = 0; ix < image.extent(1); ++ix) {
      const double dx = static_cast<double>(ix) - x - cx, dy = static_cast<double>(iy) - y - cy, s = image(iy, ix);
      xx += s * dx * dx;
      yy += s * dy * dy;
      xy += s * dx * dy;
      xxx += s * dx * dx * dx;
      yyy += s * dy * dy * dy;
    }
  EXPECT_LT(std::abs(cx), 0.2);  // the trace is where the light is
  EXPECT_LT(std::abs(cy), 0.2);
  EXPECT_GT(std::abs(xx - yy), 0.03);
  EXPECT_GT(std::abs(xy), 0.01);
  EXPECT_GT(std::abs(xxx), 0.02);
  EXPECT_GT(std::abs(yyy), 0.02);
}

TEST(InventPsf, AFewBundlesAreTheFirstOfTheWholeInstrument) {
  const auto all = invent_psf({'r', 3}), few = invent_psf({'r', 3}, 50);
  EXPECT_EQ(few.nspec, 50);
  EXPECT_LT(few.npix_x, all.npix_x / 4);
  EXPECT_EQ(few.npix_y, all.npix_y);
  for (std::size_t ispec : {0u, 31u, 49u}) {
    for (std::size_t k = 0; k < 7; ++k) {
      EXPECT_EQ(few.x.coeff(ispec, k), all.x.coeff(ispec, k));
      EXPECT_EQ(few.y.coeff(ispec, k), all.y.coeff(ispec, k));
    }
    for (std::size_t term = 0; term < all.gh.size(); ++term)
      for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(few.gh[term].coeff(ispec, k), all.gh[term].coeff(ispec, k));
  }
}

TEST(InventPsf, CamerasDiffer) {
  const auto a = invent_psf({'r', 0}, 25), b = invent_psf({'r', 1}, 25);
  EXPECT_NE(a.x.coeff, b.x.coeff);
  EXPECT_NE(a.gh[8].coeff, b.gh[8].coeff);
}

TEST(InventPsf, RefusesPartsOfABundle) {
  for (int nspec : {0, -25, 30, 525}) {
    try {
      invent_psf({'r', 0}, nspec);
      ADD_FAILURE() << "no error for " << nspec << " fibers";
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(std::to_string(nspec)), std::string::npos) << error.what();
    }
  }
}

TEST(InventPsf, IsReadBackFromItsFile) {
  const auto psf = invent_psf({'z', 4}, 25);
  const std::string path = testing::TempDir() + "zspex-invented-psf-" + std::to_string(::getpid()) + ".fits";
  io::write_psf(path, psf);
  const auto read = io::read_psf(path);
  std::filesystem::remove(path);
  EXPECT_EQ(read.camera, "z4");
  EXPECT_EQ(read.nspec, 25);
  EXPECT_EQ(read.npix_x, psf.npix_x);
  EXPECT_EQ(read.hsizex, 8);
  EXPECT_EQ(read.hsizey, 5);
  EXPECT_EQ(read.x.coeff, psf.x.coeff);
  EXPECT_EQ(read.y.coeff, psf.y.coeff);
  EXPECT_EQ(read.x.wavemax, psf.x.wavemax);
  EXPECT_EQ(read.sigmax.wavemax, psf.wavemax);
  EXPECT_EQ(read.sigmax.coeff, psf.sigmax.coeff);
  EXPECT_EQ(read.sigmay.coeff, psf.sigmay.coeff);
  ASSERT_EQ(read.gh.size(), psf.gh.size());
  for (std::size_t term = 0; term < psf.gh.size(); ++term) EXPECT_EQ(read.gh[term].coeff, psf.gh[term].coeff) << term;
  EXPECT_FALSE(read.has_tail);
}

TEST(ParseCamera, KnowsBandsAndPetals) {
  EXPECT_EQ(parse_camera("z9").name(), "z9");
  EXPECT_EQ(parse_camera("b0").petal, 0);
  for (const char* name : {"", "r", "r10", "x3", "ra", "R0"}) EXPECT_THROW(parse_camera(name), ConfigError) << name;
}

}  // namespace
}  // namespace zspex::simulate
