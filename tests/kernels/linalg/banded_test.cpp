#include "kernels/linalg/banded.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/kernels/support/dense.hpp"
#include "tests/kernels/support/device.hpp"
#include "tests/kernels/support/invalid.hpp"

namespace zspex::kernels {
namespace {

using test::Exec;
using test::make_matrix;
using test::Matrix;
using test::to_device;
using test::to_host;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// A lower band by columns, as the kernels keep it.
struct Band {
  int n = 0, b = 0, ld = 0;
  std::vector<double> data;
  double at(int i, int j) const { return i >= j && i - j <= b ? data[static_cast<std::size_t>(j) * ld + i - j] : 0.0; }
};

int factorize(Band& band) {
  const auto data = to_device(band.data);
  const test::OnDevice<int> status("zspex::test::status", 1);
  const int n = band.n, b = band.b, ld = band.ld;
  launch_teams(
      Exec(), "zspex::test::banded_cholesky", 1, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int failed = banded_cholesky<Exec>(team, data.data(), n, b, ld);
        Kokkos::single(Kokkos::PerTeam(team), [=]() { status(0) = failed; });
      });
  band.data = to_host(data);
  return to_host(status)[0];
}

std::vector<double> solve(const Band& factor, const std::vector<double>& y) {
  const auto data = to_device(factor.data), x = to_device(y);
  const int n = factor.n, b = factor.b, ld = factor.ld;
  launch_teams(
      Exec(), "zspex::test::banded_solve", 1, TeamShape{},
      KOKKOS_LAMBDA(const Team<Exec>& team) { banded_solve<Exec>(team, data.data(), n, b, ld, x.data()); });
  return to_host(x);
}

std::vector<double> by_rows(const Band& factor, int nrow) {
  const auto data = to_device(factor.data), rows = to_device(std::vector<double>(std::size_t(nrow) * factor.ld, 7e77));
  const int n = factor.n, b = factor.b, ld = factor.ld;
  launch_teams(
      Exec(), "zspex::test::banded_rows", 1, TeamShape{},
      KOKKOS_LAMBDA(const Team<Exec>& team) { banded_rows<Exec>(team, data.data(), n, nrow, b, ld, rows.data()); });
  return to_host(rows);
}

/// The lower triangle of `a` within the band; what the kernels must not read is NaN.
Band pack(const Matrix& a, int b, int extra = 0) {
  Band band;
  band.n = static_cast<int>(a.extent(0));
  band.b = b;
  band.ld = b + cholesky_panel + extra;
  band.data.assign(std::size_t(band.n) * band.ld, std::numeric_limits<double>::quiet_NaN());
  for (int j = 0; j < band.n; ++j)
    for (int i = j; i < band.n && i - j <= b; ++i) band.data[std::size_t(j) * band.ld + i - j] = a(i, j);
  return band;
}

/// L L^T of a random banded L. Its pivots are L's, so that the matrix is definite however large the band.
Matrix random_banded(int n, int b, double scale, test::Random& random) {
  Matrix l = make_matrix(n, n);
  for (int j = 0; j < n; ++j) {
    l(j, j) = std::sqrt(scale) * random.uniform(0.5, 2);
    for (int i = j + 1; i < n && i - j <= b; ++i) l(i, j) = std::sqrt(scale) * random.uniform(-1, 1) / std::sqrt(b);
  }
  return test::multiply(l, test::transpose(l));
}

/// Error of a sum of n products, relative to the sum of their absolute values (Higham 2002, lemma 3.1).
double gamma(int n) { return n * epsilon / (1 - n * epsilon); }

// A = L L^T with L = [2; 1 3; -1 2 4; 0 5 -2 1].
Matrix four_by_four() {
  Matrix a = make_matrix(4, 4);
  const double lower[4][4] = {{4}, {2, 10}, {-2, 5, 21}, {0, 15, 2, 30}};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j <= i; ++j) a(i, j) = a(j, i) = lower[i][j];
  return a;
}

TEST(BandedCholesky, FactorOfMatrixWrittenOut) {
  Band band = pack(four_by_four(), 2);
  ASSERT_EQ(factorize(band), 0);
  const double expected[4][4] = {{2}, {1, 3}, {-1, 2, 4}, {0, 5, -2, 1}};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j <= i; ++j) EXPECT_NEAR(band.at(i, j), expected[i][j], 30 * epsilon) << i << ", " << j;
}

TEST(BandedCholesky, SolutionOfMatrixWrittenOut) {
  Band band = pack(four_by_four(), 2);
  ASSERT_EQ(factorize(band), 0);
  // A (1, -2, 3, 4)^T
  const std::vector<double> x = solve(band, {4 - 4 - 6 + 0, 2 - 20 + 15 + 60, -2 - 10 + 63 + 8, 0 - 30 + 6 + 120});
  const double expected[4] = {1, -2, 3, 4};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(x[i], expected[i], 1e-12) << i;
}

TEST(BandedCholesky, RowsOfMatrixWrittenOut) {
  Band band = pack(four_by_four(), 2);
  ASSERT_EQ(factorize(band), 0);
  const int nrow = 7;
  const std::vector<double> rows = by_rows(band, nrow);
  // rows[i][d] = L(i, i - d) / L(i, i), rows[i][0] = 1 / L(i, i)
  const double expected[7][3] = {{1 / 2.}, {1 / 3., 1 / 3.}, {1 / 4., 2 / 4., -1 / 4.}, {1, -2, 5}, {}, {}, {}};
  for (int i = 0; i < nrow; ++i)
    for (int d = 0; d < band.ld; ++d)
      EXPECT_NEAR(rows[i * band.ld + d], d < 3 ? expected[i][d] : 0.0, 30 * epsilon) << "row " << i << ", d " << d;
}

TEST(BandedCholesky, AgreesWithDenseMatrixForEveryBandAndSize) {
  test::Random random(20260101);
  for (int b : {0, 1, 2, 3, 7, 57})
    for (int n : {1, 2, 3, 4, 5, 7, 31, 58, 113, 211})
      for (double scale : {1e-12, 1.0, 1e12}) {
        SCOPED_TRACE("n " + std::to_string(n) + ", b " + std::to_string(b) + ", scale " + std::to_string(scale));
        const Matrix a = random_banded(n, b, scale, random);
        Band band = pack(a, b, n % 3);
        ASSERT_EQ(factorize(band), 0);
        for (double value : band.data) ASSERT_TRUE(std::isfinite(value));
        for (int j = 0; j < n; ++j)
          for (int d = 0; d < band.ld; ++d)
            if (d > b || j + d >= n) {
              ASSERT_EQ(band.data[std::size_t(j) * band.ld + d], 0) << "beyond the band, column " << j << ", d " << d;
            }

        // |L L^T - A| <= gamma sqrt(a_ii a_jj): Higham 2002, theorem 10.3; two more roundings for 1 / root.
        for (int i = 0; i < n; ++i)
          for (int j = 0; j <= i; ++j) {
            double sum = 0;
            for (int k = 0; k <= j; ++k) sum += band.at(i, k) * band.at(j, k);
            ASSERT_NEAR(sum, a(i, j), gamma(std::min(b, n) + 5) * std::sqrt(a(i, i) * a(j, j))) << i << ", " << j;
          }

        std::vector<double> y(n);
        for (double& value : y) value = random.uniform(-1, 1);
        const std::vector<double> x = solve(band, y);
        for (int i = 0; i < n; ++i) {
          double sum = 0, size = 0;
          for (int j = 0; j < n; ++j) {
            sum += a(i, j) * x[j];
            size += std::sqrt(a(i, i) * a(j, j)) * std::abs(x[j]);
          }
          ASSERT_NEAR(sum, y[i], gamma(3 * (std::min(b, n) + 5)) * size) << "row " << i;  // theorem 10.4
        }

        const int nrow = n + n % 4;
        const std::vector<double> rows = by_rows(band, nrow);
        for (int i = 0; i < nrow; ++i)
          for (int d = 0; d < band.ld; ++d) {
            double expected = 0;
            if (i < n && d <= b && d <= i) expected = d == 0 ? 1 / band.at(i, i) : band.at(i, i - d) / band.at(i, i);
            ASSERT_NEAR(rows[std::size_t(i) * band.ld + d], expected, 2 * epsilon * std::abs(expected))
                << i << ", " << d;
          }
      }
}

TEST(BandedCholesky, StatusNamesTheColumnThatIsNotPositive) {
  test::Random random(5);
  const int n = 13, b = 3;
  for (int bad = 0; bad < n; ++bad) {
    Matrix a = random_banded(n, b, 1, random);
    Band good = pack(a, b);
    ASSERT_EQ(factorize(good), 0);
    const double pivot = good.at(bad, bad);
    a(bad, bad) -= 1.5 * pivot * pivot;  // the pivot becomes - pivot^2 / 2
    Band band = pack(a, b);
    EXPECT_EQ(factorize(band), 1 + bad);
  }
}

TEST(BandedCholesky, SingularMatrixFails) {
  Matrix a = make_matrix(2, 2);
  a(0, 0) = a(0, 1) = a(1, 0) = a(1, 1) = 4;
  Band band = pack(a, 1);
  EXPECT_EQ(factorize(band), 2);
  Matrix zero = make_matrix(1, 1);
  band = pack(zero, 0);
  EXPECT_EQ(factorize(band), 1);
}

TEST(BandedCholesky, NanAndInfinityFailAtTheirColumn) {
  const test::AllowInvalid allow;
  test::Random random(6);
  const int n = 11, b = 2;
  for (double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e301})
    for (int j = 0; j < n; ++j) {
      Matrix a = random_banded(n, b, 1, random);
      a(j, j) = bad;
      Band band = pack(a, b);
      EXPECT_EQ(factorize(band), 1 + j) << bad;
    }
}

}  // namespace
}  // namespace zspex::kernels
