#include "kernels/redshift/minima.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/kernels/support/invalid.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::kernels {
namespace {

using Values = std::vector<double>;
using Points = std::vector<int>;
constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

TEST(FindMinima, OrdersThemByTheirChi2) {
  EXPECT_EQ(find_minima(Values{9, 5, 9, 3, 9, 4, 9}), (Points{3, 5, 1}));
  EXPECT_EQ(find_minima(Values{9, -5, 9, -30, 9}), (Points{3, 1}));
}

TEST(FindMinima, CountsTheEnds) {
  EXPECT_EQ(find_minima(Values{1, 2, 3}), (Points{0}));
  EXPECT_EQ(find_minima(Values{3, 2, 1}), (Points{2}));
  EXPECT_EQ(find_minima(Values{1, 2, 0}), (Points{2, 0}));
  EXPECT_EQ(find_minima(Values{7}), (Points{0}));
  EXPECT_TRUE(find_minima(Values{}).empty());
}

TEST(FindMinima, CountsEachPointOfAPlateau) {
  EXPECT_EQ(find_minima(Values{1, 1, 1, 2, 2, 2}), (Points{0, 1, 2, 4, 5}));
  EXPECT_EQ(find_minima(Values{3, 2, 2, 3}), (Points{1, 2}));
  EXPECT_EQ(find_minima(Values{3, 2, 2, 1}), (Points{3, 1}));
  const Points all = find_minima(Values(101, 9999999.0));
  ASSERT_EQ(all.size(), 101u);
  for (int i = 0; i < 101; ++i) EXPECT_EQ(all[i], i);
}

TEST(FindMinima, OfEqualsTakesTheFirstFirst) {
  EXPECT_EQ(find_minima(Values{5, 1, 5, 0, 5, 1, 5, 0, 5, 1}), (Points{3, 7, 1, 5, 9}));
}

TEST(FindMinima, NeverTakesNanNorItsNeighbors) {
  const test::AllowInvalid allow;
  EXPECT_EQ(find_minima(Values{nan, 1, 2, 1, 2}), (Points{3}));
  EXPECT_EQ(find_minima(Values{2, 1, nan, 1, 2}), (Points{}));
  EXPECT_EQ(find_minima(Values{2, 1, 2, nan, 0, 3}), (Points{1}));
  EXPECT_EQ(find_minima(Values{0, nan, 0}), (Points{}));
  EXPECT_TRUE(find_minima(Values{nan, nan, nan}).empty());
  EXPECT_TRUE(find_minima(Values{nan}).empty());
}

TEST(FindMinima, TakesPointsBesideWalls) {
  EXPECT_EQ(find_minima(Values{infinity, 1, 2, 3, infinity}), (Points{1}));
  EXPECT_EQ(find_minima(Values{infinity, 3, infinity}), (Points{1}));
  EXPECT_EQ(find_minima(Values{infinity, infinity, 1}), (Points{2, 0})) << "a wall on a wall is a plateau";
  EXPECT_EQ(find_minima(Values{2, 1, infinity, 1, 2}), (Points{1, 3}));
}

TEST(FindMinima, AreNotAboveTheirNeighbors) {
  test::Random random(3);
  Values chi2(500);
  for (double& value : chi2) value = std::floor(random.uniform(0, 8));
  const Points found = find_minima(chi2);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end(),
                             [&](int a, int b) { return chi2[a] != chi2[b] ? chi2[a] < chi2[b] : a < b; }));
  for (int i = 0; i < 500; ++i) {
    const bool low = (i == 0 || chi2[i] <= chi2[i - 1]) && (i == 499 || chi2[i] <= chi2[i + 1]);
    EXPECT_EQ(std::count(found.begin(), found.end(), i), low ? 1 : 0) << i;
  }
}

// --- parabola

Values values_of(const Values& z, double a, double vertex, double least) {
  Values chi2;
  for (const double x : z) chi2.push_back(a * (x - vertex) * (x - vertex) + least);
  return chi2;
}

Values even(double first, double last, int n) {
  Values z(n);
  for (int i = 0; i < n; ++i) z[i] = first + (last - first) * i / (n - 1);
  return z;
}

TEST(FitParabola, FindsItsVertex) {
  const Values z = even(1.0, 1.002, 15);
  for (const double truth : {1.0002, 1.00071, 1.001, 1.0017}) {
    const Vertex vertex = fit_parabola(z, values_of(z, 4e8, truth, 7500));
    EXPECT_NEAR(vertex.z, truth, 1e-11);
    EXPECT_NEAR(vertex.chi2, 7500, 1e-8);
    EXPECT_NEAR(vertex.sigma, 5e-5, 1e-11) << "1 / sqrt(4e8)";
    EXPECT_TRUE(vertex.good);
  }
}

TEST(FitParabola, WorksOnUnevenPoints) {
  const Values z = {0, 1, 1.5, 4};
  const Vertex vertex = fit_parabola(z, values_of(z, 0.25, 1.75, 3));
  EXPECT_NEAR(vertex.z, 1.75, 1e-14);
  EXPECT_NEAR(vertex.chi2, 3, 1e-14);
  EXPECT_NEAR(vertex.sigma, 2, 1e-14);
  EXPECT_TRUE(vertex.good);
}

TEST(FitParabola, UsesTheLeastPointAndItsNeighborsOnly) {
  // The first of the two least points: through (2, 5), (3, 1), (4, 1). a = 2, vertex 3.5, 0.5.
  const Vertex vertex = fit_parabola(Values{1, 2, 3, 4, 5}, Values{77, 5, 1, 1, 99});
  EXPECT_DOUBLE_EQ(vertex.z, 3.5);
  EXPECT_DOUBLE_EQ(vertex.chi2, 0.5);
  EXPECT_DOUBLE_EQ(vertex.sigma, std::sqrt(0.5));
  EXPECT_TRUE(vertex.good);
}

TEST(FitParabola, AtAnEndUsesTheThreeOutermostPoints) {
  // Least at the first: through (0, 1), (1, 2), (2, 5): z^2 + 1, vertex on the outermost point, which isn't between.
  const Vertex first = fit_parabola(Values{0, 1, 2, 3}, Values{1, 2, 5, 0.5 + 9});
  EXPECT_DOUBLE_EQ(first.z, 0);
  EXPECT_DOUBLE_EQ(first.chi2, 1);
  EXPECT_FALSE(first.good);
  const Vertex last = fit_parabola(Values{-3, -2, -1, 0}, Values{9, 5, 2, 1});
  EXPECT_DOUBLE_EQ(last.z, 0);
  EXPECT_DOUBLE_EQ(last.chi2, 1);
  EXPECT_FALSE(last.good);
  const Vertex outside = fit_parabola(Values{0, 1, 2}, Values{4, 9, 16});  // (z + 2)^2
  EXPECT_NEAR(outside.z, -2, 1e-13);
  EXPECT_NEAR(outside.chi2, 0, 1e-13);
  EXPECT_FALSE(outside.good);
}

TEST(FitParabola, OfAStraightLineHasNoVertex) {
  for (const Values& chi2 : {Values{1, 2, 3}, Values{3, 2, 1}, Values{5, 5, 5}, Values{5, 5, 5, 1, 5, 5, 5, 0, -1}}) {
    const Values z = even(0, static_cast<double>(chi2.size() - 1), static_cast<int>(chi2.size()));
    const Vertex vertex = fit_parabola(z, chi2);
    if (chi2.size() > 3) {
      EXPECT_NE(vertex.z, -1) << "bent at its end";
      continue;
    }
    EXPECT_EQ(vertex.z, -1);
    EXPECT_EQ(vertex.chi2, -1);
    EXPECT_EQ(vertex.sigma, -1);
    EXPECT_FALSE(vertex.good);
  }
}

TEST(FitParabola, ThatOpensDownwardsIsBad) {
  // Least at the end, the three points there bent down: (0, 0), (1, 3), (2, 4) = -(z - 2)^2 + 4
  const Vertex vertex = fit_parabola(Values{0, 1, 2, 3}, Values{0.5, 3.5, 4.5, 4.5});
  EXPECT_NEAR(vertex.z, 2, 1e-13);
  EXPECT_NEAR(vertex.chi2, 4.5, 1e-13);
  EXPECT_NEAR(vertex.sigma, 1, 1e-13) << "from the absolute value of the curvature";
  EXPECT_FALSE(vertex.good);
  // A vertex between the outer points, and still bad: (0, 0), (1, 3), (2, 2) = -2 (z - 1.25)^2 + 3.125
  const Vertex between = fit_parabola(Values{0, 1, 2}, Values{1, 4, 3});
  EXPECT_NEAR(between.z, 1.25, 1e-13);
  EXPECT_GT(between.chi2, 0);
  EXPECT_FALSE(between.good);
}

TEST(FitParabola, BelowZeroIsBad) {
  const Values z = {0, 1, 2};
  EXPECT_TRUE(fit_parabola(z, values_of(z, 1, 1, 1e-9)).good);
  EXPECT_FALSE(fit_parabola(z, values_of(z, 1, 1, 0)).good);
  EXPECT_FALSE(fit_parabola(z, values_of(z, 1, 1, -3)).good);
  EXPECT_FALSE(fit_parabola(z, Values{2.5, 0.25, 0.25}).good) << "only the vertex is below";
}

// --- velocities

TEST(Velocity, IsRelativeToTheReference) {
  EXPECT_DOUBLE_EQ(velocity_km_s(1, 0), 299792.458);
  EXPECT_DOUBLE_EQ(velocity_km_s(1, 3), -299792.458 / 2);
  EXPECT_EQ(velocity_km_s(0.7, 0.7), 0);
}

}  // namespace
}  // namespace zspex::kernels
