#include "kernels/redshift/detail/rebin_on_host.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/redshift/detail/layout.hpp"
#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::kernels {
namespace {

using Values = std::vector<double>;
constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// Integral over [a, b] of the piecewise linear function through (x, y), segment by segment: no sums over the rest.
long double integral_plainly(const Values& x, std::span<const double> y, double scale, double a, double b) {
  long double sum = 0;
  for (std::size_t j = 0; j + 1 < x.size(); ++j) {
    const long double left = static_cast<long double>(x[j]) * scale, right = static_cast<long double>(x[j + 1]) * scale;
    const long double from = std::max<long double>(a, left), to = std::min<long double>(b, right);
    if (to <= from) continue;
    const auto at = [&](long double p) { return y[j] + (y[j + 1] - y[j]) * (p - left) / (right - left); };
    sum += (to - from) * (at(from) + at(to)) / 2;
  }
  return sum;
}

template <class Real>
std::vector<Real> rebin(const RebinTable& table, const Values& edges, double z, Real padding = 0) {
  const std::size_t stride = edges.size() + 2;
  std::vector<Real> out(stride * table.nbasis(), padding);
  detail::rebin(table, edges, z, out.data(), stride);
  return out;
}

Values even(double first, double step, std::size_t n) {
  Values values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = first + static_cast<double>(i) * step;
  return values;
}

Values logarithmic(double first, double step, std::size_t n) {
  Values values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = first * std::pow(10.0, static_cast<double>(i) * step);
  return values;
}

Values uneven(double first, double step, std::size_t n, test::Random& random) {
  Values values(n);
  for (double& value : values) {
    value = first;
    first += step * random.uniform(0.1, 1.9);
  }
  return values;
}

Array2<double> random_basis(std::size_t nbasis, std::size_t nsample, test::Random& random) {
  Array2<double> basis({nbasis, nsample});
  for (double& value : basis) value = random.uniform(-1, 2);
  return basis;
}

// --- edges

TEST(BinEdges, LieHalfWay) {
  EXPECT_EQ(bin_edges(Values{1, 2, 4, 8}), (Values{0.5, 1.5, 3, 6, 10}));
  EXPECT_EQ(bin_edges(Values{5, 6}), (Values{4.5, 5.5, 6.5}));
}

// --- coverage

TEST(Covers, UpToTheEdgesThemselves) {
  const RebinTable table(Values{1000, 1001, 1500, 2000}, Array2<double>({1, 4}, 1.0));
  EXPECT_TRUE(table.covers(Values{2000, 2500, 3000}, 0.5, 1));  // 1000 (1 + 1) and 2000 (1 + 0.5)
  EXPECT_FALSE(table.covers(Values{std::nextafter(2000, 0), 2500, 3000}, 0.5, 1));
  EXPECT_FALSE(table.covers(Values{2000, 2500, std::nextafter(3000, 4000)}, 0.5, 1));
  EXPECT_TRUE(table.covers(Values{1000, 2000}, 0, 0));
  EXPECT_FALSE(table.covers(Values{1000, 2000}, 0, 1e-9));
  EXPECT_FALSE(table.covers(Values{1000, 2000}, -1e-9, 0));
}

// --- known integrals

TEST(Rebin, OfAConstantIsThatConstant) {
  const RebinTable table(even(1000, 0.5, 2001), Array2<double>({1, 2001}, 3.0));
  for (const double z : {0.0, 0.3, 1.0}) {
    const Values edges = even(2000, 0.8, 20), found = rebin<double>(table, edges, z);
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) EXPECT_NEAR(found[i], 3, 1e-11) << "z " << z << ", bin " << i;
  }
}

TEST(Rebin, OfALineIsItsValueAtTheCenterInTheObserversFrame) {
  // y = 2 lambda - 1 at rest: in the observer's frame 2 x / (1 + z) - 1, and no factor of 1 + z.
  test::Random random(5);
  for (const Values& wave : {even(1000, 2.5, 401), uneven(1000, 2.5, 450, random)}) {
    Array2<double> basis({2, wave.size()});
    for (std::size_t j = 0; j < wave.size(); ++j) {
      basis(0, j) = 2 * wave[j] - 1;
      basis(1, j) = -wave[j];
    }
    const RebinTable table(wave, basis);
    for (const double z : {0.0, 5.0}) {
      const Values edges = even(1100 * (1 + z), 1.7, 300), found = rebin<double>(table, edges, z);
      for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        const double center = (edges[i] + edges[i + 1]) / 2 / (1 + z);
        ASSERT_NEAR(found[i], 2 * center - 1, 1e-8) << "z " << z << ", bin " << i;
        ASSERT_NEAR(found[edges.size() + 2 + i], -center, 1e-8) << "z " << z << ", bin " << i;
      }
    }
  }
}

TEST(Rebin, SplitsATentBetweenTheBinsItStandsOn) {
  // A triangle of height 1 over [3, 5]: area 1. Bins [2, 4] [4, 5] [5, 6], and [3.5, 4.5] which has 3/4 of it.
  const RebinTable table(Values{0, 3, 4, 5, 10}, Array2<double>({1, 5}, Values{0, 0, 1, 0, 0}));
  const auto found = rebin<double>(table, {2, 4, 5, 6}, 0);
  EXPECT_DOUBLE_EQ(found[0], 0.25);
  EXPECT_DOUBLE_EQ(found[1], 0.5);
  EXPECT_DOUBLE_EQ(found[2], 0);
  EXPECT_DOUBLE_EQ(rebin<double>(table, {3.5, 4.5}, 0)[0], 0.75);
  EXPECT_DOUBLE_EQ(rebin<double>(table, {7, 9}, 1)[0], 0.75) << "all twice as far, as high as before";
  EXPECT_DOUBLE_EQ(rebin<double>(table, {3.25, 3.5}, 0)[0], 0.375) << "within one segment";
  EXPECT_DOUBLE_EQ(rebin<double>(table, {0, 10}, 0)[0], 0.1) << "all of the template";
}

TEST(Rebin, WorksWithTwoSamples) {
  const RebinTable table(Values{10, 20}, Array2<double>({1, 2}, Values{1, 3}));
  const auto found = rebin<double>(table, {10, 12.5, 20}, 0);
  EXPECT_DOUBLE_EQ(found[0], 1.25);
  EXPECT_DOUBLE_EQ(found[1], 2.25);
}

// --- against direct integration

struct Case {
  const char* name;
  double step, bin;  ///< of samples at rest, of bins, Angstrom
};

class Rebinned : public testing::TestWithParam<Case> {};

template <class Real>
void expect_integrals(const Values& wave, std::size_t nbasis, const Values& edges, double z, double tolerance,
                      test::Random& random) {
  const Array2<double> basis = random_basis(nbasis, wave.size(), random);
  const RebinTable table(wave, basis);
  ASSERT_EQ(table.nbasis(), static_cast<int>(nbasis));
  ASSERT_TRUE(table.covers(edges, z, z));
  const auto found = rebin<Real>(table, edges, z, Real(7));
  const std::size_t stride = edges.size() + 2;
  for (std::size_t b = 0; b < nbasis; ++b) {
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      const double width = edges[i + 1] - edges[i];
      const auto expected =
          static_cast<double>(integral_plainly(wave, basis.row(b), 1 + z, edges[i], edges[i + 1]) / width);
      // A difference of two integrals from the first sample on, each of up to the template's length times 2.
      const double length = (wave.back() - wave.front()) * (1 + z);
      ASSERT_NEAR(found[b * stride + i], expected, tolerance + 8 * epsilon * 2 * length / width)
          << "z " << z << ", basis vector " << b << ", bin " << i;
    }
    for (std::size_t i = edges.size() - 1; i < stride; ++i)
      ASSERT_EQ(found[b * stride + i], Real(7)) << "written beyond the last bin";
  }
}

TEST_P(Rebinned, IsTheExactIntegral) {
  const Case& at = GetParam();
  test::Random random(21);
  for (const double z : {0.0, 0.731, 5.0}) {
    // Bins beyond one piece of the row, and not a multiple of anything.
    for (std::size_t nbin : {1u, 2u, 255u, 256u, 601u}) {
      const double first = 3600, length = at.bin * static_cast<double>(nbin) / (1 + z);
      const auto nsample = static_cast<std::size_t>(length / at.step + 20) * 2;
      const double start = first / (1 + z) - 5.3 * at.step;
      const Values edges = even(first, at.bin, nbin + 1);
      for (const Values& wave : {even(start, at.step, nsample), uneven(start, at.step, nsample, random),
                                 logarithmic(start, at.step / start / std::log(10.0), nsample)}) {
        expect_integrals<double>(wave, 1 + nbin % 6, edges, z, 1e-12, random);
        expect_integrals<float>(wave, 1 + nbin % 6, edges, z, 2 * 0x1p-23, random);
        if (HasFatalFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bins, Rebinned,
                         testing::Values(Case{"Coarser", 0.1, 0.8}, Case{"Finer", 3.0, 0.8}, Case{"Alike", 0.8, 0.8}),
                         [](const auto& info) { return info.param.name; });

TEST(Rebin, OfAnyNumberOfBasisVectors) {
  test::Random random(22);
  for (std::size_t nbasis : {1u, 3u, 4u, 5u, 7u, 8u, 9u, 10u, 13u, 17u})
    expect_integrals<double>(even(1000, 0.7, 700), nbasis, even(2100, 1.3, 71), 1, 1e-12, random);
}

TEST(Rebin, OfBinsThatBeginExactlyAtSamples) {
  test::Random random(23);
  const Values wave = even(1000, 0.5, 201), doubled = even(2000, 1, 201);  // at z = 1 the same in the observer's frame
  expect_integrals<double>(wave, 3, even(1000, 0.5, 201), 0, 1e-12, random);
  expect_integrals<double>(wave, 3, even(1000, 1, 101), 0, 1e-12, random);
  expect_integrals<double>(wave, 3, doubled, 1, 1e-12, random);
  Values steps = {1000, 1001, 1001.25, 1004, 1016};
  expect_integrals<double>(steps, 2, {1000, 1001, 1001.25, 1016}, 0, 1e-12, random);
  expect_integrals<double>(steps, 2, {2000, 2002, 2002.5, 2032}, 1, 1e-12, random);
}

TEST(Rebin, OfSamplesOfVeryDifferentSpacing) {
  // A dense part and a sparse one, so that few places of a table of samples are near the right one.
  test::Random random(24);
  Values wave = even(1000, 0.001, 1000);
  for (double x = 1010; x < 5000; x += 37) wave.push_back(x);
  expect_integrals<double>(wave, 2, even(1000, 0.0007, 1500), 0, 1e-9, random);
  expect_integrals<double>(wave, 2, even(1000.5, 1.3, 3000), 0, 1e-10, random);
  std::reverse(wave.begin(), wave.end());
  for (double& x : wave) x = 6000 - x;
  expect_integrals<double>(wave, 2, even(1100, 1.3, 2900), 0, 1e-10, random);
}

TEST(Rebin, OfSamplesThatAreNearlyEven) {
  // Not evenly spaced by a tenth of a percent of a step: to be taken as they are.
  test::Random random(25);
  Values wave = even(1000, 0.5, 2001);
  for (double& x : wave) x += 5e-4 * random.uniform(-1, 1);
  expect_integrals<double>(wave, 2, even(1100, 0.8, 700), 0, 1e-12, random);
}

// --- on all bands

TEST(Rebin, OfBandsThatFillTheirStripsGoesUpToTheirLastEdges) {
  test::Random random(11);
  Template tmpl;
  tmpl.wave = even(900, 1, 1300);
  tmpl.basis = random_basis(2, tmpl.wave.size(), random);
  tmpl.redshifts = {0.0, 0.1};
  FitSettings settings;
  settings.mixed = false;
  settings.max_ndiag = 1;
  const std::vector<Values> bands{even(1200, 2.5, 32), even(1250, 3, 48), even(1400, 2, 16)};
  const RedshiftFitter fitter(bands, {tmpl}, settings);
  const FitBackend& backend = fitter.backend(BackendKind::host);
  const auto slice = backend.allocate(fitter.slice_size(0, 2));
  backend.rebin(0, 0, 2, slice);
  backend.finish();
  const detail::PixelLayout layout(bands, 1);
  const RebinTable table(tmpl.wave, tmpl.basis);
  for (std::size_t iz = 0; iz < 2; ++iz)
    for (std::size_t band = 0; band < bands.size(); ++band) {
      const std::size_t n = bands[band].size();
      Values alone(2 * n);
      detail::rebin(table, bin_edges(bands[band]), tmpl.redshifts[iz], alone.data(), n);
      for (std::size_t b = 0; b < 2; ++b)
        for (std::size_t p = 0; p < n; ++p)
          EXPECT_EQ(slice.as<double>()[(iz * 2 + b) * layout.row + layout.bands[band].first + p], alone[b * n + p])
              << "redshift " << iz << ", band " << band << ", vector " << b << ", pixel " << p;
    }
}

}  // namespace
}  // namespace zspex::kernels
