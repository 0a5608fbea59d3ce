#include "kernels/linalg/symmetric_root.hpp"

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

constexpr double epsilon = std::numeric_limits<double>::epsilon();

struct RootOf {
  int status = 0;
  Matrix q;
};

RootOf root_of(const Matrix& a, Root root) {
  const int m = static_cast<int>(a.extent(0)), ld = round_up(m, row_quantum<Exec>);
  std::vector<double> padded(std::size_t(m) * ld, 1e30);  // anything finite behind column m
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < m; ++j) padded[std::size_t(i) * ld + j] = a(i, j);
  const auto data = test::to_device(padded);
  const auto scratch = test::to_device(std::vector<double>(symmetric_root_scratch<Exec>(m), 3e33));
  const test::OnDevice<int> status("zspex::test::status", 1);
  launch_teams(
      Exec(), "zspex::test::symmetric_root", 1, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int failed = symmetric_root<Exec>(team, data.data(), m, root, scratch.data());
        Kokkos::single(Kokkos::PerTeam(team), [=]() { status(0) = failed; });
      });
  const std::vector<double> out = test::to_host(data);
  RootOf result;
  result.status = test::to_host(status)[0];
  result.q = make_matrix(m, m);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < m; ++j) result.q(i, j) = out[std::size_t(i) * ld + j];
  return result;
}

/// Checks Q A Q = 1 or Q Q = A. An eigensolver that is backward stable answers for A + E, |E| <= c m eps |A|: relative
/// to the smallest eigenvalue that is c m eps cond. c = 4 for two-sided reflections and rotations.
void expect_root(const Matrix& a, double condition, Root root) {
  const std::size_t m = a.extent(0);
  const RootOf result = root_of(a, root);
  ASSERT_EQ(result.status, 0);
  const Matrix& q = result.q;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < i; ++j) ASSERT_EQ(q(i, j), q(j, i)) << "not symmetric at " << i << ", " << j;
  for (std::size_t i = 0; i < m; ++i) ASSERT_GT(q(i, i), 0);  // the root is definite, too
  const double size = test::largest(a), budget = 4 * (m + 2.0) * epsilon;
  if (root == Root::inverse_sqrt) {
    const Matrix one = test::multiply(q, test::multiply(a, q));
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < m; ++j) ASSERT_NEAR(one(i, j), i == j, budget * condition) << i << ", " << j;
  } else {
    const Matrix square = test::multiply(q, q);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < m; ++j) ASSERT_NEAR(square(i, j), a(i, j), budget * size) << i << ", " << j;
  }
}

TEST(SymmetricRoot, TwoByTwoWrittenOut) {
  // [5 4; 4 5]: eigenvalues 9 and 1, eigenvectors (1, 1) and (1, -1).
  Matrix a = make_matrix(2, 2);
  a(0, 0) = a(1, 1) = 5;
  a(0, 1) = a(1, 0) = 4;
  const RootOf root = root_of(a, Root::sqrt), inverse = root_of(a, Root::inverse_sqrt);
  ASSERT_EQ(root.status, 0);
  ASSERT_EQ(inverse.status, 0);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) {
      EXPECT_NEAR(root.q(i, j), i == j ? 2.0 : 1.0, 20 * epsilon);
      EXPECT_NEAR(inverse.q(i, j), i == j ? 2 / 3. : -1 / 3., 20 * epsilon);
    }
}

TEST(SymmetricRoot, AsymmetricTwoByTwoWrittenOut) {
  // sqrt(M) = (M + sqrt(det M)) / sqrt(tr M + 2 sqrt(det M)): M = [10 3; 3 5], det = 41
  Matrix a = make_matrix(2, 2);
  a(0, 0) = 10;
  a(1, 1) = 5;
  a(0, 1) = a(1, 0) = 3;
  const double root = std::sqrt(41.0), norm = std::sqrt(15 + 2 * root);
  const RootOf result = root_of(a, Root::sqrt);
  ASSERT_EQ(result.status, 0);
  EXPECT_NEAR(result.q(0, 0), (10 + root) / norm, 20 * epsilon);
  EXPECT_NEAR(result.q(1, 1), (5 + root) / norm, 20 * epsilon);
  EXPECT_NEAR(result.q(0, 1), 3 / norm, 20 * epsilon);
  EXPECT_NEAR(result.q(1, 0), 3 / norm, 20 * epsilon);
}

TEST(SymmetricRoot, OneNumber) {
  Matrix a = make_matrix(1, 1);
  for (double value : {1e-30, 0.25, 7.0, 1e30}) {
    a(0, 0) = value;
    EXPECT_NEAR(root_of(a, Root::sqrt).q(0, 0), std::sqrt(value), 4 * epsilon * std::sqrt(value));
    EXPECT_NEAR(root_of(a, Root::inverse_sqrt).q(0, 0), 1 / std::sqrt(value), 4 * epsilon / std::sqrt(value));
  }
}

TEST(SymmetricRoot, DiagonalMatrix) {
  for (int m : {3, 16, 17}) {
    Matrix a = make_matrix(m, m);
    for (int i = 0; i < m; ++i) a(i, i) = std::pow(10.0, (i * 7) % m);
    const RootOf result = root_of(a, Root::inverse_sqrt);
    ASSERT_EQ(result.status, 0);
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < m; ++j) {
        const double expected = i == j ? 1 / std::sqrt(a(i, i)) : 0.0;
        EXPECT_NEAR(result.q(i, j), expected, 8 * epsilon * expected) << i << ", " << j;
      }
  }
}

TEST(SymmetricRoot, RandomMatricesOfEverySizeAndCondition) {
  test::Random random(20260102);
  for (int m : {1, 2, 3, 5, 8, 15, 16, 17, 31, 48, 74, 130})
    for (double condition : {1.0, 1e2, 1e5, 1e10}) {
      std::vector<double> values(m);
      for (int i = 0; i < m; ++i) values[i] = std::pow(condition, m == 1 ? 0.0 : i / (m - 1.0));
      const Matrix a = test::random_symmetric(values, random);
      SCOPED_TRACE("m " + std::to_string(m) + ", condition " + std::to_string(condition));
      expect_root(a, condition, Root::inverse_sqrt);
      expect_root(a, condition, Root::sqrt);
      if (HasFatalFailure()) return;
    }
}

TEST(SymmetricRoot, RepeatedEigenvalues) {
  test::Random random(20260103);
  for (int m : {3, 5, 17, 74}) {
    std::vector<double> values(m, 2.0);
    for (int i = 0; i < m / 2; ++i) values[i] = 50;
    const Matrix a = test::random_symmetric(values, random);
    SCOPED_TRACE("m " + std::to_string(m));
    expect_root(a, 25, Root::inverse_sqrt);
    expect_root(a, 25, Root::sqrt);
    Matrix same = make_matrix(m, m);
    for (int i = 0; i < m; ++i) same(i, i) = 3;
    expect_root(same, 1, Root::inverse_sqrt);
    if (HasFatalFailure()) return;
  }
}

TEST(SymmetricRoot, BlocksThatDoNotTouch) {
  // Every third off-diagonal element vanishes exactly: the tridiagonal matrix falls apart from the start.
  const int m = 23;
  Matrix a = make_matrix(m, m);
  for (int i = 0; i < m; ++i) a(i, i) = 3 + 0.1 * i;
  for (int i = 0; i + 1 < m; ++i)
    if (i % 3 != 2) a(i, i + 1) = a(i + 1, i) = 1;
  expect_root(a, 10, Root::inverse_sqrt);
  expect_root(a, 10, Root::sqrt);
}

TEST(SymmetricRoot, ScalesWithTheMatrix) {
  test::Random random(20260104);
  const int m = 19;
  std::vector<double> values(m);
  for (int i = 0; i < m; ++i) values[i] = 1 + i;
  const Matrix a = test::random_symmetric(values, random);
  const Matrix plain = root_of(a, Root::inverse_sqrt).q;
  for (double scale : {0x1p-80, 0x1p-40, 0x1p40, 0x1p80}) {
    Matrix scaled = a;
    for (double& value : scaled) value *= scale;
    const RootOf result = root_of(scaled, Root::inverse_sqrt);
    ASSERT_EQ(result.status, 0);
    for (std::size_t i = 0; i < plain.size(); ++i)
      ASSERT_NEAR(result.q.data()[i] * std::sqrt(scale), plain.data()[i], 1e-14) << "scale " << scale;
  }
}

TEST(SymmetricRoot, AgreesWithJacobi) {
  test::Random random(20260105);
  const int m = 37;
  std::vector<double> values(m);
  for (double& value : values) value = random.uniform(1, 100);
  const Matrix a = test::random_symmetric(values, random);
  const Matrix expected = test::symmetric_function(a, [](double value) { return 1 / std::sqrt(value); });
  const RootOf result = root_of(a, Root::inverse_sqrt);
  ASSERT_EQ(result.status, 0);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < m; ++j) ASSERT_NEAR(result.q(i, j), expected(i, j), 1e-13) << i << ", " << j;
}

TEST(SymmetricRoot, RefusesWhatIsNotDefinite) {
  test::Random random(20260106);
  for (int m : {1, 2, 7, 40}) {
    std::vector<double> values(m, 3.0);
    values[m / 2] = -1e-3;
    const Matrix a = test::random_symmetric(values, random);
    EXPECT_EQ(root_of(a, Root::inverse_sqrt).status, 1) << m;
    EXPECT_EQ(root_of(a, Root::sqrt).status, 1) << m;
    EXPECT_EQ(root_of(make_matrix(m, m), Root::sqrt).status, 1) << "zero, " << m;
  }
}

TEST(SymmetricRoot, RefusesNan) {
  const test::AllowInvalid allow;
  for (int m : {1, 2, 9}) {
    Matrix a = make_matrix(m, m);
    for (int i = 0; i < m; ++i) a(i, i) = 1;
    a(m - 1, 0) = a(0, m - 1) = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(root_of(a, Root::inverse_sqrt).status, 1) << m;
  }
}

}  // namespace
}  // namespace zspex::kernels
