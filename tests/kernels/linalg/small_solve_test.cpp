#include "kernels/linalg/small_solve.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "tests/kernels/support/plain_solve.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::kernels {
namespace {

using Values = std::vector<double>;
constexpr double epsilon = std::numeric_limits<double>::epsilon();

std::optional<Values> lu(Values m, Values y) {
  if (!solve_lu(static_cast<int>(y.size()), m.data(), y.data())) return std::nullopt;
  return y;
}

std::optional<Values> nonnegative(const Values& m, const Values& y) {
  Values c(y.size(), 7e77);
  if (!solve_nonnegative(static_cast<int>(y.size()), m.data(), y.data(), c.data())) return std::nullopt;
  return c;
}

std::optional<Values> partly(int nbounded, const Values& m, const Values& y) {
  Values c(y.size(), 7e77);
  if (!solve_partly_nonnegative(static_cast<int>(y.size()), nbounded, m.data(), y.data(), c.data()))
    return std::nullopt;
  return c;
}

Values random_values(std::size_t n, test::Random& random) {
  Values values(n);
  for (double& value : values) value = random.normal();
  return values;
}

/// B' B with B [2n][n]: well conditioned.
Values random_normal_equations(int n, test::Random& random) {
  const Values b = random_values(2 * n * n, random);
  Values m(n * n, 0);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      for (int p = 0; p < 2 * n; ++p) m[i * n + j] += b[p * n + i] * b[p * n + j];
  return m;
}

Values scaled(Values values, double by) {
  for (double& value : values) value *= by;
  return values;
}

std::vector<test::Real> exact(const Values& values) { return {values.begin(), values.end()}; }

double largest(const Values& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::fabs(value));
  return most;
}

// --- LU

TEST(SolveLu, GivesTheTextbooksAnswer) {
  // Strang, Linear Algebra and Its Applications, sec. 1.3; every step is exact in double.
  EXPECT_EQ(lu({2, 1, 1, 4, -6, 0, -2, 7, 2}, {5, -2, 9}), (Values{1, 1, 2}));
  EXPECT_EQ(lu({4}, {3}), (Values{0.75}));
  EXPECT_EQ(lu({-0.5}, {3}), (Values{-6}));
}

TEST(SolveLu, SwapsRowsWhereTheFirstElementIsZero) {
  EXPECT_EQ(lu({0, 1, 1, 0}, {3, 7}), (Values{7, 3}));
  EXPECT_EQ(lu({0, 0, 2, 1, 0, 0, 0, 4, 0}, {6, 5, 8}), (Values{5, 2, 3}));
}

TEST(SolveLu, TakesTheLargestElementOfAColumnAsPivot) {
  // Golub & Van Loan, Matrix Computations, sec. 3.3: without row exchange the answer is (0, 1). A negative one counts.
  const Values positive = lu({1e-20, 1, 1, 1}, {1, 2}).value(), negative = lu({1e-20, 1, -1, 1}, {1, 0}).value();
  for (const Values& c : {positive, negative}) {
    EXPECT_NEAR(c[0], 1, 4 * epsilon);
    EXPECT_NEAR(c[1], 1, 4 * epsilon);
  }
}

TEST(SolveLu, CallsOnlyAPivotOfExactlyZeroSingular) {
  EXPECT_FALSE(lu({0}, {1}));
  EXPECT_FALSE(lu({0, 0, 0, 0}, {1, 1}));
  EXPECT_FALSE(lu({1, 2, 2, 4}, {1, 2})) << "rank 1";
  EXPECT_FALSE(lu({1, 0, 3, 0, 0, 0, 3, 0, 1}, {1, 0, 1})) << "row and column of zeros in the middle";
  EXPECT_FALSE(lu({1, 2, 3, 2, 4, 6, 1, 1, 1}, {1, 2, 3})) << "the last pivot";
  EXPECT_EQ(lu({1, 1, 1, 1 + 2 * epsilon}, {2, 2 + 2 * epsilon}), (Values{1, 1}));
  EXPECT_EQ(lu({1e-300, 0, 0, 1e300}, {1e-300, 2e300}), (Values{1, 2})) << "no tolerance";
}

TEST(SolveLu, AgreesWithLongDoubleForEverySize) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    test::Random random(seed);
    for (int n : {1, 2, 3, 4, 5, 6, 7, 10, 13, 23, most_unknowns}) {
      for (const double scale : {1e-12, 1.0, 1e12}) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", n " + std::to_string(n) + ", scale " + std::to_string(scale));
        const Values m = scaled(random_normal_equations(n, random), scale), y = random_values(n, random);
        const Values c = lu(m, y).value();
        // Backward error of LU with a growth factor below 8 (Higham 2002, th. 9.5): 3 n eps |L| |U| |c|
        const double tolerance = 24 * n * n * epsilon * largest(m) * largest(c) * std::sqrt(n);
        EXPECT_LE(test::residual_plainly(exact(m), exact(y), exact(c)), tolerance);
        const auto expected = test::solve_plainly(exact(m), exact(y));
        for (int i = 0; i < n; ++i) ASSERT_NEAR(c[i], static_cast<double>(expected[i]), 1e-8 * largest(c)) << i;
      }
    }
  }
}

// --- non-negative

TEST(SolveNonnegative, IsLusAnswerWhereNoBoundIsActive) {
  for (const std::uint64_t seed : {11u, 12u}) {
    test::Random random(seed);
    for (int n : {1, 2, 3, 5, 10, 17}) {
      for (const double scale : {1e-30, 1e-12, 1.0, 1e12}) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", n " + std::to_string(n) + ", scale " + std::to_string(scale));
        const Values m = scaled(random_normal_equations(n, random), scale);
        Values y(n, 0);
        for (int j = 0; j < n; ++j) {
          const double truth = random.uniform(0.1, 2);
          for (int i = 0; i < n; ++i) y[i] += m[i * n + j] * truth;
        }
        const auto c = nonnegative(m, y);
        ASSERT_TRUE(c);
        const Values expected = lu(m, y).value();
        for (int i = 0; i < n; ++i) ASSERT_NEAR((*c)[i], expected[i], 1e-9) << i;
      }
    }
  }
}

TEST(SolveNonnegative, MinimizesTheResidualOfTheEquationsAndNotChi2) {
  // Without bounds c = (1.5, -2). With c1 = 0, |M c - y| is least at (4 * 2 - 2 * 1) / (16 + 4) = 0.3, where chi^2 =
  // c'M c - 2 c'y would be at 2 / 4.
  const Values c = nonnegative({4, 2, 2, 2}, {2, -1}).value();
  EXPECT_NEAR(c[0], 0.3, 4 * epsilon);
  EXPECT_EQ(c[1], 0);
}

TEST(SolveNonnegative, IsZeroWhereNothingHelps) {
  EXPECT_EQ(nonnegative({2, 1, 1, 2}, {-1, -3}), (Values{0, 0}));
  EXPECT_EQ(nonnegative({2, 1, 1, 2}, {0, 0}), (Values{0, 0}));
  EXPECT_EQ(nonnegative({0}, {5}), (Values{0}));
}

TEST(SolveNonnegative, LeavesAColumnOfZerosAtZeroAsScipy) {
  // scipy.optimize.nnls([[2, 0, 1], [0, 0, 0], [1, 0, 2]], [3, 0, 3]) = [1, 0, 1], no error.
  const Values c = nonnegative({2, 0, 1, 0, 0, 0, 1, 0, 2}, {3, 0, 3}).value();
  EXPECT_NEAR(c[0], 1, 1e-15);
  EXPECT_EQ(c[1], 0);
  EXPECT_NEAR(c[2], 1, 1e-15);
}

TEST(SolveNonnegative, TakesUnknownsOutAgain) {
  // Lawson & Hanson's inner loop: column 0 has the largest gradient (1.7) and enters first, but with all three columns
  // its coefficient is -0.3.
  const Values c = nonnegative({1, 1, 0, 1, 0, 1, 1, 0, 0}, {1, 1, -0.3}).value();
  EXPECT_EQ(c[0], 0);
  EXPECT_NEAR(c[1], 1, 4 * epsilon);
  EXPECT_NEAR(c[2], 1, 4 * epsilon);
}

/// Normal equations, and matrices without any symmetry.
void expect_least_residual(int n, int nbounded, const Values& m, const Values& y) {
  const auto found = nbounded == n ? nonnegative(m, y) : partly(nbounded, m, y);
  ASSERT_TRUE(found);
  const auto expected = test::nonnegative_plainly(exact(m), exact(y), nbounded);
  for (int i = 0; i < nbounded; ++i) ASSERT_GE((*found)[i], 0) << i;
  const auto least = static_cast<double>(test::residual_plainly(exact(m), exact(y), expected));
  const auto residual = static_cast<double>(test::residual_plainly(exact(m), exact(y), exact(*found)));
  EXPECT_LE(residual, least * (1 + 1e-10) + 1e-12 * largest(y));
  double size = largest(*found);
  for (const auto value : expected) size = std::max(size, static_cast<double>(std::fabs(value)));
  for (int i = 0; i < n; ++i) EXPECT_NEAR((*found)[i], static_cast<double>(expected[i]), 1e-7 * size) << i;
}

TEST(SolveNonnegative, IsTheBestOfAllSetsOfActiveBounds) {
  for (int n = 1; n <= 5; ++n) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      test::Random random(1000 * n + seed);
      const bool square = seed % 2 == 0;
      // Templates may be in erg/s/cm^2/A or in 1e-17 of it, and spectra as well.
      const double scale = std::pow(10.0, static_cast<int>(seed % 9) * 8 - 32.0);
      const Values m = scaled(square ? random_normal_equations(n, random) : random_values(n * n, random), scale);
      const Values y = scaled(random_values(n, random), std::pow(10.0, static_cast<int>(seed % 7) * 8 - 24.0));
      SCOPED_TRACE("n " + std::to_string(n) + ", seed " + std::to_string(1000 * n + seed));
      expect_least_residual(n, n, m, y);
      if (HasFailure()) return;
    }
  }
}

TEST(SolveNonnegative, CopesWithNearlyEqualColumns) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    test::Random random(7000 + seed);
    const int n = 2 + static_cast<int>(seed % 4);
    Values m = random_normal_equations(n, random);
    const double nearness = std::pow(10.0, -3.0 - static_cast<double>(seed % 10));
    for (int i = 0; i < n; ++i) m[i * n + 1] = m[i * n] * (1 + nearness * random.normal());
    const Values y = random_values(n, random);
    SCOPED_TRACE("seed " + std::to_string(7000 + seed) + ", nearness " + std::to_string(nearness));
    const auto c = nonnegative(m, y);
    ASSERT_TRUE(c);
    const auto expected = test::nonnegative_plainly(exact(m), exact(y), n);
    for (int i = 0; i < n; ++i) ASSERT_GE((*c)[i], 0);
    // The coefficients may differ, what they make may not.
    const auto least = static_cast<double>(test::residual_plainly(exact(m), exact(y), expected));
    EXPECT_LE(test::residual_plainly(exact(m), exact(y), exact(*c)), least + 1e-6 * largest(y));
  }
}

// --- partly non-negative

TEST(SolvePartlyNonnegative, LeavesTheOthersFree) {
  const Values m = {4, 2, 2, 2};
  const Values inside = partly(1, m, {2, -1}).value();
  EXPECT_NEAR(inside[0], 1.5, 1e-14);
  EXPECT_NEAR(inside[1], -2, 1e-14);
  const Values bound = partly(1, m, {-2, 1}).value();  // without bounds (-1.5, 2)
  EXPECT_EQ(bound[0], 0);
  EXPECT_NEAR(bound[1], -0.25, 1e-14);  // (2 * -2 + 2 * 1) / (4 + 4)
}

TEST(SolvePartlyNonnegative, WithoutBoundsIsAnOrdinarySolution) {
  test::Random random(31);
  for (int n : {1, 2, 5, 9, most_unknowns}) {
    const Values m = random_normal_equations(n, random), y = random_values(n, random);
    const Values c = partly(0, m, y).value(), expected = lu(m, y).value();
    for (int i = 0; i < n; ++i) ASSERT_NEAR(c[i], expected[i], 1e-8 * largest(expected)) << "n " << n << ", " << i;
  }
  EXPECT_FALSE(partly(0, {1, 0, 0, 0}, {1, 1})) << "a free column of zeros";
}

TEST(SolvePartlyNonnegative, IsTheBestOfAllSetsOfActiveBounds) {
  for (int n = 2; n <= 5; ++n) {
    for (int nbounded = 0; nbounded < n; ++nbounded) {
      for (std::uint64_t seed = 0; seed < 40; ++seed) {
        test::Random random(10000 * n + 1000 * nbounded + seed);
        SCOPED_TRACE("n " + std::to_string(n) + ", bounded " + std::to_string(nbounded) + ", seed " +
                     std::to_string(10000 * n + 1000 * nbounded + seed));
        const double scale = std::pow(10.0, static_cast<int>(seed % 5) * 12 - 24.0);
        const Values m = scaled(random_normal_equations(n, random), scale), y = random_values(n, random);
        expect_least_residual(n, nbounded, m, y);
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace zspex::kernels
