#include "simulate/resolution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "kernels/redshift/fitter.hpp"
#include "simulate/instrument.hpp"

namespace zspex::simulate {
namespace {

/// Widths that change fast from bin to bin, so that R is far from symmetric.
SpotSizes lopsided(std::size_t nwave) {
  SpotSizes spots;
  for (std::size_t i = 0; i < nwave; ++i) spots.sigma.push_back(0.6 + 0.05 * static_cast<double>(i % 7));
  spots.npix.assign(nwave, 1);
  return spots;
}

/// R[i][i + d] as it should be.
double element(const SpotSizes& spots, std::size_t i, int d, int half) {
  double sum = 0;
  for (int k = -half; k <= half; ++k) sum += std::exp(-0.5 * std::pow(k / spots.sigma[i], 2));
  return std::exp(-0.5 * std::pow(d / spots.sigma[i], 2)) / sum;
}

TEST(Resolution, SmoothsByRowsThatSumToOneAlsoAtTheEnds) {
  constexpr int half = 3, pad = 5;
  const SpotSizes spots = lopsided(23);
  const Resolution resolution(spots, half);
  for (const double value : resolution.smooth(std::vector<double>(23 + 2 * pad, 4.0), pad))
    EXPECT_NEAR(value, 4, 1e-14);
  std::vector<double> light(23 + 2 * pad);
  for (std::size_t i = 0; i < light.size(); ++i) light[i] = std::pow(1.3, static_cast<double>(i % 11));
  const auto smooth = resolution.smooth(light, pad);
  for (std::size_t i = 0; i < 23; ++i) {
    double expected = 0;
    for (int d = -half; d <= half; ++d)
      expected += element(spots, i, d, half) * light[i + static_cast<std::size_t>(pad + d)];
    EXPECT_NEAR(smooth[i], expected, 1e-14 * expected) << "bin " << i;
  }
}

TEST(Resolution, IsStoredByColumnsAsDesiDoes) {
  constexpr int half = 3, nwave = 23;
  const SpotSizes spots = lopsided(nwave);
  std::vector<float> stored((2 * half + 1) * nwave, -1);
  Resolution(spots, half).store(stored);
  for (int k = 0; k <= 2 * half; ++k)
    for (int column = 0; column < nwave; ++column) {
      const int row = column - half + k;
      const double expected =
          row >= 0 && row < nwave ? element(spots, static_cast<std::size_t>(row), column - row, half) : 0;
      EXPECT_NEAR(stored[static_cast<std::size_t>(k * nwave + column)], expected, 1e-7 * expected)
          << "diagonal " << k << ", column " << column;
    }
}

TEST(Resolution, MeansTheSameToTheFitter) {
  // A model that the fitter convolves with the stored R is the light that was smoothed.
  constexpr int half = 3;
  constexpr std::size_t nwave = 23;
  const SpotSizes spots = lopsided(nwave);
  const Resolution resolution(spots, half);
  std::vector<double> wave;
  for (std::size_t i = 0; i < nwave; ++i) wave.push_back(5000 + 0.8 * static_cast<double>(i));
  kernels::Template tmpl;
  tmpl.spectype = "STAR";
  tmpl.redshifts = {0, 0.001, 0.002};
  for (int i = 0; i < 300; ++i) tmpl.wave.push_back(4950 + 0.4 * i);
  tmpl.basis = Array2<double>({1, tmpl.wave.size()});
  for (std::size_t i = 0; i < tmpl.wave.size(); ++i) tmpl.basis(0, i) = 1 + static_cast<double>(i * i % 31);
  const kernels::RedshiftFitter fitter({wave}, {tmpl}, {});

  Zfit fit;
  fit.z = 0.001;
  fit.coeff = {2};
  const auto model = [&](int ndiag, std::vector<float> diagonals) {
    kernels::Target target;
    target.spectra.push_back({0, std::vector<double>(nwave), std::vector<double>(nwave, 1), ndiag, diagonals});
    return fitter.model(target, fit)[0];
  };
  std::vector<float> stored((2 * half + 1) * nwave);
  resolution.store(stored);
  const auto light = model(1, std::vector<float>(nwave, 1)), convolved = model(2 * half + 1, stored);
  std::vector<double> density(nwave + 2 * half);  // dark beyond the ends, as to the fitter
  std::copy(light.begin(), light.end(), density.begin() + half);
  const auto smooth = resolution.smooth(density, half);
  for (std::size_t i = 0; i < nwave; ++i) EXPECT_NEAR(convolved[i], smooth[i], 1e-6 * smooth[i]) << "bin " << i;
}

TEST(Resolution, SpotsAreThoseOfThePsf) {
  const io::PsfFile psf = invent_psf({'b', 0}, 25);
  const std::vector<double> wave = {4000, 4000.8, 5000};
  const SpotSizes spots = spot_sizes(psf, 7, wave, 0.8), wide = spot_sizes(psf, 7, wave, 1.6);
  for (std::size_t i = 0; i < wave.size(); ++i) {
    // A spot on the CCD has a sigma of 1.0 to 1.3 rows and 0.9 to 1.2 columns, and a bin has 1.28 to 1.47 rows in b.
    EXPECT_GT(spots.sigma[i], 1.0 / 1.47);
    EXPECT_LT(spots.sigma[i], 1.3 / 1.28);
    EXPECT_GT(spots.npix[i], 1.28 * 3.545 * 0.9);
    EXPECT_LT(spots.npix[i], 1.47 * 3.545 * 1.2);
    // Twice the bin: half as many of them in a spot, and twice the pixels in one.
    EXPECT_NEAR(wide.sigma[i], spots.sigma[i] / 2, 1e-6);
    EXPECT_NEAR(wide.npix[i], spots.npix[i] * 2, 1e-5);
  }
}

}  // namespace
}  // namespace zspex::simulate
