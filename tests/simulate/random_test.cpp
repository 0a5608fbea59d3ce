#include "simulate/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace zspex::simulate {
namespace {

// Known answers of Random123 1.09, kat_vectors, philox4x32 with 10 rounds.
TEST(Philox, GivesThePublishedWords) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, EveryPartOfTheIdentityChangesTheNumbers) {
  const auto first = [](std::uint64_t seed, Purpose purpose, std::uint32_t camera, std::uint32_t exposure,
                        std::uint32_t i) {
    Random random(seed, purpose, camera, exposure, i);
    const std::uint64_t high = random.word();
    return high << 32 | random.word();
  };
  std::set<std::uint64_t> seen;
  std::size_t n = 0;
  for (std::uint64_t seed : {1ull, 2ull, 1ull << 40})
    for (Purpose purpose : {Purpose::pixel, Purpose::cosmic})
      for (std::uint32_t camera : {0u, 0x7230u, 0x7231u})
        for (std::uint32_t exposure : {0u, 1u, 99999999u})
          for (std::uint32_t index : {0u, 1u, 4128u * 8192u}) {
            seen.insert(first(seed, purpose, camera, exposure, index));
            ++n;
          }
  EXPECT_EQ(seen.size(), n);
  EXPECT_EQ(first(7, Purpose::pixel, 3, 2, 1), first(7, Purpose::pixel, 3, 2, 1));
}

TEST(Random, UniformNumbersAreInsideTheUnitInterval) {
  Random random(3, Purpose::target, 0, 0, 0);
  double sum = 0;
  constexpr int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / n, 0.5, 5 / std::sqrt(12.0 * n));  // 5 sigma of the mean
}

TEST(Random, NormalNumbersHaveTheirFourMoments) {
  constexpr int n = 400000;
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const double x = Random(11, Purpose::pixel, 1, 2, i).normal();  // the first of each stream, as pixels use it
    m1 += x;
    m2 += x * x;
    m3 += x * x * x;
    m4 += x * x * x * x;
  }
  // Variances of x, x^2, x^3, x^4 of a normal: 1, 2, 15, 96.
  EXPECT_NEAR(m1 / n, 0, 5 * std::sqrt(1.0 / n));
  EXPECT_NEAR(m2 / n, 1, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(m3 / n, 0, 5 * std::sqrt(15.0 / n));
  EXPECT_NEAR(m4 / n, 3, 5 * std::sqrt(96.0 / n));
}

class PoissonTest : public testing::TestWithParam<double> {};

TEST_P(PoissonTest, MeanVarianceAndSkewnessAreThoseOfItsMean) {
  const double mean = GetParam();
  constexpr int n = 200000;
  double sum = 0, squares = 0, cubes = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const double k = Random(5, Purpose::pixel, 9, 1, i).poisson(mean), d = k - mean;
    ASSERT_GE(k, 0);
    ASSERT_EQ(k, std::floor(k));
    sum += d;
    squares += d * d;
    cubes += d * d * d;
  }
  // Central moments of a Poisson variable: m2 = L, m3 = L, m4 = L + 3 L^2, m6 = L + 25 L^2 + 15 L^3.
  const double l = mean, m4 = l + 3 * l * l, m6 = l + 25 * l * l + 15 * l * l * l;
  EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(l / n));
  EXPECT_NEAR(squares / n, l, 5 * std::sqrt((m4 - l * l) / n));
  EXPECT_NEAR(cubes / n, l, 5 * std::sqrt((m6 - l * l) / n));
}

// Both algorithms, the change between them (12), and a bright pixel.
INSTANTIATE_TEST_SUITE_P(Means, PoissonTest, testing::Values(0.01, 0.7, 5.0, 11.999, 12.0, 12.7, 40.0, 1000.0, 2e5));

TEST(Poisson, ProbabilitiesAreThoseOfTheFormulaOnBothSidesOfTheChange) {
  for (double mean : {11.5, 12.5}) {
    constexpr int n = 400000;
    std::vector<int> counts(60);
    for (std::uint32_t i = 0; i < n; ++i)
      ++counts[static_cast<std::size_t>(std::min(59.0, Random(8, Purpose::pixel, 2, 3, i).poisson(mean)))];
    for (int k = 2; k < 30; ++k) {
      const double p = std::exp(k * std::log(mean) - mean - std::lgamma(k + 1.0));
      EXPECT_NEAR(counts[static_cast<std::size_t>(k)], n * p, 5 * std::sqrt(n * p)) << "k = " << k << ", mean " << mean;
    }
  }
}

TEST(Poisson, NothingComesFromNoLight) {
  Random random(1, Purpose::pixel, 1, 1, 1);
  EXPECT_EQ(random.poisson(0), 0);
  EXPECT_EQ(random.poisson(-3), 0);
}

TEST(LogFactorial, AgreesWithTheGammaFunction) {
  for (double k : {0.0, 1.0, 2.0, 9.0, 10.0, 11.0, 100.0, 1e6})
    EXPECT_NEAR(log_factorial(k), std::lgamma(k + 1), 1e-10 * std::max(1.0, std::lgamma(k + 1))) << k;
}

}  // namespace
}  // namespace zspex::simulate
