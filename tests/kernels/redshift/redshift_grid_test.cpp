#include "kernels/redshift/redshift_grid.hpp"
#include "kernels/redshift/prior.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "kernels/redshift/minima.hpp"
#include "tests/kernels/support/invalid.hpp"

namespace zspex::kernels {
namespace {

using Values = std::vector<double>;

Values grid_of(const char* spectype) { return redshift_grid(spectype, default_range(spectype)); }

// Numbers and ends as numpy 1.26 prints them: 10 ** numpy.arange(log10(1 + zmin), log10(1 + zmax), dz) - 1, and
// numpy.arange(zmin, zmax, dz) for stars.

TEST(RedshiftGrid, OfGalaxies) {
  const Values z = grid_of("GALAXY");
  ASSERT_EQ(z.size(), 1446u);
  EXPECT_NEAR(z.front(), -0.0050000000000000044, 1e-15);
  EXPECT_NEAR(z[723], 0.6395440171397504, 2e-15);
  EXPECT_NEAR(z.back(), 1.6997470838899442, 4e-15);
}

TEST(RedshiftGrid, OfQuasars) {
  const Values z = grid_of("QSO");
  ASSERT_EQ(z.size(), 1648u);
  EXPECT_NEAR(z.front(), 0.050000000000000044, 1e-15);
  EXPECT_NEAR(z[824], 1.7113732001663284, 4e-15);
  EXPECT_NEAR(z.back(), 5.993414973633454, 1e-14);
}

TEST(RedshiftGrid, OfStarsHasTheBitsOfNumpy) {
  const Values z = grid_of("STAR");
  ASSERT_EQ(z.size(), 101u);
  EXPECT_EQ(z[0], -0x1.0624dd2f1a9fcp-9);
  EXPECT_EQ(z[1], -0x1.00e6afcce1c58p-9);
  EXPECT_EQ(z[50], 0x1.8000000000000p-58);
  EXPECT_EQ(z[100], 0x1.0624dd2f1aa14p-9);
}

TEST(RedshiftGrid, StepsEvenlyInTheLogarithmExceptForStars) {
  const Values galaxies = redshift_grid("GALAXY", {0.1, 0.9, 1e-3}), stars = redshift_grid("STAR", {0.1, 0.9, 1e-3});
  for (std::size_t i = 1; i < galaxies.size(); ++i)
    ASSERT_NEAR(std::log10((1 + galaxies[i]) / (1 + galaxies[i - 1])), 1e-3, 1e-13) << i;
  for (std::size_t i = 1; i < stars.size(); ++i) ASSERT_NEAR(stars[i] - stars[i - 1], 1e-3, 1e-13) << i;
}

TEST(RedshiftGrid, StopsBeforeItsEnd) {
  EXPECT_EQ(redshift_grid("STAR", {0, 1, 0.25}), (Values{0, 0.25, 0.5, 0.75}));
  EXPECT_EQ(redshift_grid("STAR", {0, 1.01, 0.25}), (Values{0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(redshift_grid("STAR", {0.5, 0.6, 0.25}), (Values{0.5}));
  EXPECT_TRUE(redshift_grid("STAR", {0.5, 0.5, 0.25}).empty());
  EXPECT_TRUE(redshift_grid("STAR", {0.5, 0.4, 0.25}).empty());
}

TEST(RedshiftGrid, OfAnotherTypeIsRefused) {
  EXPECT_THROW(default_range("SUPERNOVA"), NumericsError);
  EXPECT_THROW(default_range("galaxy"), NumericsError);
  EXPECT_THROW(default_range(""), NumericsError);
}

// --- priors

const Values grid = {0, 1, 2, 3, 4};

TEST(Prior, GaussianAddsTheSquareOfThePull) {
  Values chi2 = {10, 20, 30, 40, 50};
  EXPECT_TRUE(add_prior(PriorFunction::gaussian, 2.5, 0.5, grid, chi2));
  EXPECT_EQ(chi2, (Values{35, 29, 31, 41, 59}));
}

TEST(Prior, LorentzianAddsTwiceItsLogarithm) {
  Values chi2 = {10, 20, 30, 40, 50};
  EXPECT_TRUE(add_prior(PriorFunction::lorentzian, 3, 0.5, grid, chi2));
  const Values square = {36, 16, 4, 0, 4};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(chi2[i], 10 * (i + 1) + 2 * std::log(1 + square[i]), 1e-13) << i;
}

/// NaN and infinities are compared as text, so that a failure shows all of them.
std::string tophat(double center, double sigma, bool expected = true) {
  Values chi2 = {10, 20, 30, 40, 50};
  EXPECT_EQ(add_prior(PriorFunction::tophat, center, sigma, grid, chi2), expected);
  std::string text;
  for (const double value : chi2)
    text += std::isnan(value) ? "nan " : std::isinf(value) ? "wall " : std::to_string(static_cast<int>(value)) + " ";
  return text;
}

TEST(Prior, TophatHasWallsJustOutside) {
  EXPECT_EQ(tophat(2, 1), "nan wall 30 wall nan ") << "sigma is the full width";
  EXPECT_EQ(tophat(2, 2), "nan wall 30 wall nan ") << "ends are outside";
  EXPECT_EQ(tophat(2, 2.1), "wall 20 30 40 wall ");
  EXPECT_EQ(tophat(1.5, 1.5), "wall 20 30 wall nan ");
}

TEST(Prior, TophatHasItsWallOnTheEndOfTheGrid) {
  EXPECT_EQ(tophat(1, 2.1), "wall 20 30 wall nan ");
  EXPECT_EQ(tophat(3, 2.1), "nan wall 30 40 wall ");
  EXPECT_EQ(tophat(2, 100), "wall 20 30 40 wall ");
  EXPECT_EQ(tophat(-3, 7), "wall wall nan nan nan ");
  EXPECT_EQ(tophat(7, 7), "nan nan nan wall wall ");
}

TEST(Prior, TophatBetweenTwoRedshiftsLeavesNothing) {
  EXPECT_EQ(tophat(1.5, 0.9, false), "nan nan nan nan nan ");
  EXPECT_EQ(tophat(9, 1, false), "nan nan nan nan nan ");
  EXPECT_EQ(tophat(-9, 1, false), "nan nan nan nan nan ");
}

TEST(Prior, TophatMakesTheEndsOfItsWindowMinima) {
  const test::AllowInvalid allow;
  Values falling = {50, 40, 30, 20, 10};
  add_prior(PriorFunction::tophat, 1.5, 1.5, grid, falling);
  EXPECT_EQ(find_minima(falling), (std::vector<int>{2})) << "30 at z = 2, beside the wall at z = 3";
}

}  // namespace
}  // namespace zspex::kernels
