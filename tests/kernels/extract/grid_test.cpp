#include "kernels/extract/grid.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "tests/kernels/support/invented.hpp"
#include "tests/kernels/support/plain_spot.hpp"

namespace zspex::kernels {
namespace {

using test::series;

TEST(WaveGrid, HasTheBitsOfNumpyArange) {
  // numpy 1.26: wave = numpy.arange(wmin, wmax + dw / 2, dw); float.hex(wave[i])
  struct Case {
    double wavemin, wavemax, dwave;
    std::size_t n;
    std::vector<std::pair<std::size_t, double>> values;
  };
  const std::vector<Case> cases = {
      {5760.,
       7620.,
       0.8,
       2326,
       {{0, 0x1.68p+12},
        {1, 0x1.680cccccccccdp+12},
        {775, 0x1.8ec000000009bp+12},
        {1163, 0x1.a22666666674fp+12},
        {2324, 0x1.dc33333333504p+12},
        {2325, 0x1.dc400000001d1p+12}}},
      {3600.,
       5800.,
       0.8,
       2751,
       {{1, 0x1.c21999999999ap+11},
        {2, 0x1.c233333333334p+11},
        {917, 0x1.0ed9999999a51p+12},
        {2749, 0x1.6a73333333559p+12},
        {2750, 0x1.6a80000000226p+12}}},
      {7520.,
       9824.,
       0.8,
       2881,
       {{2, 0x1.d61999999999ap+12}, {960, 0x1.03p+13 + 96 * 0x1p-39}, {2880, 0x1.330000000012p+13}}},
      {3600.1,
       3700.,
       0.3,
       334,
       {{0, 0x1.c203333333333p+11},
        {1, 0x1.c20cccccccccdp+11},
        {111, 0x1.c62ccccccccf9p+11},
        {332, 0x1.ce766666666ebp+11},
        {333, 0x1.ce80000000085p+11}}},
      {6000., 6000., 0.8, 1, {{0, 6000.}}},
  };
  for (const Case& one : cases) {
    const std::vector<double> wave = wave_grid(one.wavemin, one.wavemax, one.dwave);
    ASSERT_EQ(wave.size(), one.n);
    for (const auto& [i, value] : one.values) EXPECT_EQ(wave[i], value) << one.wavemin << " bin " << i;
  }
}

TEST(WaveGrid, PaddingHasTheBitsOfTheReference) {
  // numpy 1.26: lo = arange(12) * dw; lo -= lo.max() + dw; lo += wave[0]; hi = wave[-1] + (1.0 + arange(62)) * dw
  const std::vector<double> wave = wave_grid(5760, 7620, 0.8), padded = pad_wave(wave, 0.8, 12, 62);
  ASSERT_EQ(padded.size(), 12 + 2326 + 62u);
  EXPECT_EQ(padded[0], 0x1.6766666666666p+12);
  EXPECT_EQ(padded[1], 0x1.6773333333333p+12);
  EXPECT_EQ(padded[11], 0x1.67f3333333333p+12);
  for (std::size_t i = 0; i < wave.size(); ++i) ASSERT_EQ(padded[12 + i], wave[i]);
  EXPECT_EQ(padded[12 + 2326], 0x1.dc4ccccccce9ep+12);
  EXPECT_EQ(padded[12 + 2326 + 30], 0x1.ddcccccccce9ep+12);
  EXPECT_EQ(padded[12 + 2326 + 61], 0x1.df59999999b6bp+12);
  EXPECT_EQ(pad_wave(wave, 0.8, 0, 0), wave);
}

TEST(Legendre, EveryDegreeAgreesWithItsPolynomial) {
  for (int degree = 0; degree <= 6; ++degree) {
    Legendre one{100, 300, Array2<double>({3, std::size_t(degree) + 1})};
    one.coeff(2, degree) = 2.5;  // fiber 2 only
    for (double wave : {60.0, 100.0, 137.0, 250.0, 300.0, 341.0}) {
      const double expected = test::plain_legendre(one, 2, wave);
      EXPECT_NEAR(evaluate(one, 2, wave), expected, 1e-13 * std::max(1.0, std::abs(expected)))
          << degree << " at " << wave;
      EXPECT_EQ(evaluate(one, 1, wave), 0);
    }
  }
  EXPECT_EQ(evaluate(Legendre{100, 300, Array2<double>({1, 2}, {7, 3})}, 0, 100), 4);
  EXPECT_EQ(evaluate(Legendre{100, 300, Array2<double>({1, 2}, {7, 3})}, 0, 300), 10);
}

Psf trace_at(double x, double y) {
  Psf psf;
  psf.nspec = 1;
  psf.npix_x = psf.npix_y = 50;
  psf.hsizex = 5;
  psf.hsizey = 3;
  psf.x = series(1, 100, 200, {x});
  psf.y = series(1, 100, 200, {y});
  return psf;
}

TEST(Corner, IsTheFloorForHalfIntegersAndNegativePositions) {
  struct Case {
    double x;
    int corner;
  };
  // floor(x - 5 + 1/2)
  for (const Case& one :
       {Case{20, 15}, Case{20.49, 15}, Case{20.5, 16}, Case{20.51, 16}, Case{19.5, 15}, Case{0, -5}, Case{0.5, -4},
        Case{-0.5, -5}, Case{-0.51, -6}, Case{-3.2, -8}, Case{-3.5, -8}, Case{-3.6, -9}, Case{3.2, -2}}) {
    const Traces traces = trace_fibers(trace_at(one.x, one.x), 0, 1, {150});
    EXPECT_EQ(traces.corner(0, 0).x, one.corner) << one.x;
    EXPECT_EQ(traces.corner(0, 0).y, one.corner + 2) << one.x;  // hsizey is 3
    EXPECT_EQ(traces.x(0, 0), one.x);
    EXPECT_EQ(traces.y(0, 0), one.x);
  }
}

TEST(Traces, CountFibersFromTheFirstAsked) {
  test::Camera camera;
  const Psf psf = test::invent_psf(camera);
  const std::vector<double> wave = {6000, 6010, 6033};
  const Traces all = trace_fibers(psf, 0, 10, wave), some = trace_fibers(psf, 3, 4, wave);
  for (int s = 0; s < 4; ++s)
    for (int w = 0; w < 3; ++w) {
      EXPECT_EQ(some.x(s, w), all.x(s + 3, w));
      EXPECT_EQ(some.corner(s, w).y, all.corner(s + 3, w).y);
      EXPECT_NEAR(some.x(s, w), test::plain_legendre(psf.x, s + 3, wave[w]), 1e-11);
      EXPECT_NEAR(some.y(s, w), test::plain_legendre(psf.y, s + 3, wave[w]), 1e-11);
    }
}

TEST(Traces, FallingRowsAreDarkFromWhereTheyFall) {
  Psf psf = trace_at(20, 20);
  psf.y = series(1, 100, 200, {25, 20, -40});  // rises up to u = 1/6, falls after it
  const Traces traces = trace_fibers(psf, 0, 1, {110, 120, 130, 140, 150, 175, 190});
  for (int w = 0; w < 5; ++w) EXPECT_FALSE(std::isnan(traces.y(0, w))) << w;
  for (int w = 5; w < 7; ++w) {
    EXPECT_TRUE(std::isnan(traces.y(0, w))) << w;
    EXPECT_EQ(traces.corner(0, w).y, traces.corner(0, 4).y) << w;
  }
}

TEST(Traces, OneBadFiberLeavesTheOthersAlone) {
  Psf psf = test::invent_psf(test::Camera());
  const std::vector<double> wave = {6000, 6010, 6033};
  const Traces before = trace_fibers(psf, 0, 5, wave);
  psf.y.coeff(2, 0) = HUGE_VAL;  // the constant of fiber 2
  const Traces after = trace_fibers(psf, 0, 5, wave);
  for (int s = 0; s < 5; ++s)
    for (int w = 0; w < 3; ++w) {
      if (s == 2) {
        EXPECT_TRUE(std::isnan(after.x(s, w)));
      } else {
        EXPECT_EQ(after.y(s, w), before.y(s, w));
        EXPECT_EQ(after.corner(s, w).y, before.corner(s, w).y);
      }
    }
}

TEST(Traces, NoFiberOnTheCcdIsRefused) {
  for (double bad : {1e7, -1e300, HUGE_VAL}) {
    EXPECT_THROW(trace_fibers(trace_at(bad, 20), 0, 1, {150}), NumericsError);
    EXPECT_THROW(trace_fibers(trace_at(20, bad), 0, 1, {150}), NumericsError);
  }
}

}  // namespace
}  // namespace zspex::kernels
