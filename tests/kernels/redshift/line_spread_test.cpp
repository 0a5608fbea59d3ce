#include <gtest/gtest.h>

#include <cmath>

#include "kernels/redshift/line_spread.hpp"

namespace zspex::kernels {
namespace {

constexpr double fwhm_in_sigma = 2.3548200450309493;

std::vector<double> grid(double first, double step, int n) {
  std::vector<double> wave;
  for (int i = 0; i < n; ++i) wave.push_back(first + step * i);
  return wave;
}

/// R[i][j] of diagonals in DESI's order.
double element(const std::vector<float>& resolution, int n, int i, int j) {
  const int half = static_cast<int>(resolution.size()) / n / 2, k = i - j + half;
  return k < 0 || k > 2 * half ? 0 : resolution[static_cast<std::size_t>(k) * n + j];
}

TEST(LineSpread, NoneIsTheIdentity) {
  EXPECT_EQ(line_spread(grid(4000, 0.8, 7), 0), std::vector<float>(7, 1.0F));
  EXPECT_EQ(line_spread_diagonals(grid(4000, 0.8, 7), 0), 1);
}

TEST(LineSpread, AColumnIsAGaussianIntegratedOverPixels) {
  const int n = 61, j = 30;
  const auto wave = grid(4976, 0.8, n);  // 5000 Angstrom in the middle
  const auto resolution = line_spread(wave, 2500);
  const double sigma = 2 / fwhm_in_sigma;  // FWHM 2 Angstrom
  const double scale = 1 / (std::sqrt(2) * sigma);
  ASSERT_EQ(line_spread_diagonals(wave, 2500), 2 * 6 + 1) << "5 sigma are 5.3 pixels";
  for (int i = j - 7; i <= j + 7; ++i) {
    const double d = 0.8 * (i - j);
    const double exact = (std::erf((d + 0.4) * scale) - std::erf((d - 0.4) * scale)) / 2;
    EXPECT_NEAR(element(resolution, n, i, j), std::abs(i - j) > 6 ? 0 : exact, 1e-6) << i - j;
  }
}

TEST(LineSpread, WidthsGrowWithTheWavelengthAndRowsSumToOneBetweenTheEnds) {
  const int n = 2000;
  const auto wave = grid(4000, 1.0, n);
  for (const double r : {900.0, 3000.0, 20000.0}) {
    const auto resolution = line_spread(wave, r);
    const int half = line_spread_diagonals(wave, r) / 2;
    for (const int j : {100, 1000, 1900}) {
      double sum = 0, square = 0, row = 0;
      for (int i = j - half; i <= j + half; ++i) {
        sum += element(resolution, n, i, j);
        square += element(resolution, n, i, j) * (i - j) * (i - j);
        row += element(resolution, n, j, i);
      }
      const double sigma = wave[j] / r / fwhm_in_sigma;
      EXPECT_NEAR(sum, 1, 1e-6) << r << ", " << j;
      if (sigma > 0.7) {
        EXPECT_NEAR(square, sigma * sigma + 1.0 / 12, 1e-3 * square) << r << ", " << j;
      }
      EXPECT_NEAR(row, 1, 2e-3) << r << ", " << j;
    }
    double first = 0;
    for (int i = 0; i < half; ++i) first += element(resolution, n, 0, i);
    if (r < 20000) {
      EXPECT_LT(first, 0.95) << "the end's row lacks the light from beyond";
    }
  }
}

TEST(LineSpread, PixelsMayGrow) {
  std::vector<double> wave;
  for (int i = 0; i < 400; ++i) wave.push_back(std::pow(10.0, 3.6 + 1e-4 * i));
  const auto resolution = line_spread(wave, 2000);
  // On a logarithmic grid all columns are alike.
  for (int d = -3; d <= 3; ++d)
    EXPECT_NEAR(element(resolution, 400, 50 + d, 50), element(resolution, 400, 350 + d, 350), 1e-6) << d;
}

TEST(LineSpread, HasNoMoreDiagonalsThanWavelengths) {
  EXPECT_EQ(line_spread_diagonals(grid(4000, 0.8, 8), 100), 7);
  EXPECT_EQ(line_spread(grid(4000, 0.8, 8), 100).size(), 56u);
}

}  // namespace
}  // namespace zspex::kernels
