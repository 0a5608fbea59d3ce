#include "kernels/extract/trace_faults.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/extract/grid.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {
namespace {

using test::Camera;
using test::extract_all;
using test::invent_psf;

double& coeff(Legendre& series, int ispec, int k) { return series.coeff(ispec, k); }

void copy_fiber(Legendre& series, int from, int to) {
  for (int k = 0; k < series.ncoeff(); ++k) coeff(series, to, k) = coeff(series, from, k);
}

void swap_fibers(Legendre& series, int a, int b) {
  for (int k = 0; k < series.ncoeff(); ++k) std::swap(coeff(series, a, k), coeff(series, b, k));
}

class TraceFaults : public testing::Test {
 protected:
  TraceFaults() : psf_(invent_psf(camera_)), settings_(test::settings_for(camera_)) {}

  std::vector<TraceFault> find() { return find_trace_faults(psf_, settings_.wave); }

  void expect_dark(int ispec, const std::string& why) {
    const auto faults = find();
    ASSERT_EQ(faults.size(), 1u);
    EXPECT_EQ(faults[0].ispec, ispec);
    EXPECT_TRUE(faults[0].everywhere());
    EXPECT_NE(faults[0].why.find(why), std::string::npos) << faults[0].why;
  }

  Camera camera_;
  Psf psf_;
  ExtractSettings settings_;
};

TEST_F(TraceFaults, AWholePsfHasNone) { EXPECT_TRUE(find().empty()); }

TEST_F(TraceFaults, ACameraMayCountItsFibersFromTheRight) {
  for (int s = 0; s < camera_.nspec / 2; ++s) swap_fibers(psf_.x, s, camera_.nspec - 1 - s);
  EXPECT_TRUE(find().empty());
}

TEST_F(TraceFaults, WhatIsKnownIsKeptAndNotLookedAt) {
  psf_.faults.push_back({6, 0, HUGE_VAL, true, "its sigma is 0"});
  for (int k = 0; k < psf_.x.ncoeff(); ++k) coeff(psf_.x, 6, k) = coeff(psf_.y, 6, k) = 0;
  expect_dark(6, "sigma");
}

TEST_F(TraceFaults, RowsThatDoNotGrowAreNamed) {
  coeff(psf_.y, 4, 1) = 0;
  coeff(psf_.y, 4, 2) = 0;
  coeff(psf_.y, 4, 3) = 0;
  expect_dark(4, "do not grow");
}

TEST_F(TraceFaults, ATraceBesideTheCcdIsNamed) {
  coeff(psf_.x, 0, 0) -= 300;
  expect_dark(0, "beside the CCD");
}

TEST_F(TraceFaults, AWildTraceIsNamedAndNotThoseThatItCrosses) {
  coeff(psf_.x, 3, 1) += 40;  // across the traces on both sides
  expect_dark(3, "several others");
}

TEST_F(TraceFaults, TwoOnOneTraceAreBothNamed) {
  copy_fiber(psf_.x, 7, 8);
  const auto faults = find();
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_EQ(faults[0].ispec, 7);
  EXPECT_EQ(faults[1].ispec, 8);
  EXPECT_FALSE(faults[0].dark) << "the first takes the light of both";
  EXPECT_FALSE(faults[1].dark);
  EXPECT_TRUE(faults[2].dark);
  EXPECT_NE(faults[0].why.find("fiber 8"), std::string::npos) << faults[0].why;
  EXPECT_NE(faults[1].why.find("fiber 7"), std::string::npos) << faults[1].why;
  for (const auto& fault : faults)
    for (const double wave : {settings_.wave.front(), settings_.wave[40], settings_.wave.back()})
      EXPECT_TRUE(fault.holds(wave)) << fault.ispec << " at " << wave;
}

TEST_F(TraceFaults, TwoInTheWrongOrderAreBothNamedAndBothFitted) {
  swap_fibers(psf_.x, 7, 8);
  const auto faults = find();
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].ispec, 7);
  EXPECT_EQ(faults[1].ispec, 8);
  for (const auto& fault : faults) EXPECT_FALSE(fault.dark);
}

TEST_F(TraceFaults, TwoThatMeetAtOneEndAreMaskedThere) {
  const double front = settings_.wave.front(), back = settings_.wave.back();
  const double before = evaluate(psf_.x, 8, front) - evaluate(psf_.x, 7, front);
  const auto u = [&](double wave) { return 2 * (wave - psf_.x.wavemin) / (psf_.x.wavemax - psf_.x.wavemin) - 1; };
  const double slope = before / (u(back) - u(front));  // fiber 8 comes to fiber 7 at the blue end
  coeff(psf_.x, 8, 0) -= slope * u(back);
  coeff(psf_.x, 8, 1) += slope;
  const auto faults = find();
  ASSERT_GE(faults.size(), 2u);
  EXPECT_TRUE(faults[0].holds(front));
  EXPECT_FALSE(faults[0].holds(back));
}

TEST_F(TraceFaults, OnOneTraceAllTogetherEveryFiberIsNamed) {
  for (int s = 1; s < camera_.nspec; ++s) copy_fiber(psf_.x, 0, s);
  std::vector<int> named(camera_.nspec);
  for (const auto& fault : find()) named[fault.ispec] = 1;
  for (int s = 0; s < camera_.nspec; ++s) EXPECT_EQ(named[s], 1) << s;
}

/// Extraction with faults, on both solvers, with and without whole bundles.
class FaultyExtraction : public TraceFaults, public testing::WithParamInterface<SolverKind> {
 protected:
  FaultyExtraction() {
    settings_.solver = GetParam();
    settings_.nsubbundles = 2;
    photons_ = test::invent_spectra(camera_.nspec, camera_.nwave, 500, random_);
  }
  /// As if fiber 4 had no light.
  test::Pixels without_light(int ispec) {
    Array2<double> photons = photons_;
    for (double& value : photons.row(ispec)) value = 0;
    test::Random random(5);
    return test::expose(psf_, settings_.wave, photons, random);
  }
  test::Random random_{17};
  Array2<double> photons_;
};

TEST_P(FaultyExtraction, ADarkFiberCostsItsNeighborsNothing) {
  const test::Pixels pixels = without_light(4);
  const ExtractedBlock whole = extract_all(psf_, settings_, pixels.view());
  psf_.faults.push_back({4, 0, HUGE_VAL, true, "broken"});
  for (int k = 0; k < psf_.x.ncoeff(); ++k) coeff(psf_.x, 4, k) = 0;
  const ExtractedBlock found = extract_all(psf_, settings_, pixels.view());
  test::expect_finite(found);
  EXPECT_EQ(found.nfailed, 0);
  for (std::size_t s = 0; s < found.flux.extent(0); ++s)
    for (std::size_t w = 0; w < found.flux.extent(1); ++w) {
      if (s == 4) {
        EXPECT_EQ(found.flux(s, w), 0);
        EXPECT_EQ(found.ivar(s, w), 0);
        EXPECT_EQ(found.pixmask_fraction(s, w), 1);
        EXPECT_EQ(found.untraced(s, w), 1);
      } else {
        EXPECT_EQ(found.untraced(s, w), 0);
        const double sigma = 1 / std::sqrt(whole.ivar(s, w));
        ASSERT_GT(found.ivar(s, w), 0.5 * whole.ivar(s, w)) << s << " " << w;
        EXPECT_NEAR(found.flux(s, w), whole.flux(s, w), sigma) << "fiber " << s << ", bin " << w;
      }
    }
  if (GetParam() == SolverKind::patch)
    test::expect_same_bytes(found, extract_all(psf_, settings_, pixels.view(), true));
}

TEST_P(FaultyExtraction, OneOfTwoOnATraceTakesTheLightOfBothAndNeitherHasData) {
  const test::Pixels pixels = without_light(5);
  const ExtractedBlock whole = extract_all(psf_, settings_, pixels.view());
  copy_fiber(psf_.x, 4, 5);
  psf_.faults = find();
  const ExtractedBlock found = extract_all(psf_, settings_, pixels.view());
  test::expect_finite(found);
  EXPECT_EQ(found.nfailed, 0);
  for (std::size_t s = 0; s < found.flux.extent(0); ++s)
    for (std::size_t w = 0; w < found.flux.extent(1); ++w) {
      if (s == 4 || s == 5) {
        EXPECT_EQ(found.ivar(s, w), 0);
        EXPECT_EQ(found.untraced(s, w), 1);
      } else {
        ASSERT_GT(found.ivar(s, w), 0.5 * whole.ivar(s, w)) << s << " " << w;
        EXPECT_NEAR(found.flux(s, w), whole.flux(s, w), 1 / std::sqrt(whole.ivar(s, w))) << s << " " << w;
      }
    }
}

TEST_P(FaultyExtraction, ABundleOfDarkFibersIsLeftOut) {
  const test::Pixels pixels = without_light(4);
  settings_.bundlesize = 5;
  settings_.nsubbundles = 1;
  const ExtractedBlock whole = extract_all(psf_, settings_, pixels.view());
  for (int s = 5; s < 10; ++s) psf_.faults.push_back({s, 0, HUGE_VAL, true, "broken"});
  const ExtractedBlock found = extract_all(psf_, settings_, pixels.view());
  for (std::size_t s = 0; s < 10; ++s)
    for (std::size_t w = 0; w < found.flux.extent(1); ++w) {
      EXPECT_EQ(found.flux(s, w), s < 5 ? whole.flux(s, w) : 0);
      EXPECT_EQ(found.untraced(s, w), s < 5 ? 0 : 1);
    }
}

INSTANTIATE_TEST_SUITE_P(Solvers, FaultyExtraction, testing::Values(SolverKind::patch, SolverKind::bundle),
                         [](const auto& info) { return info.param == SolverKind::patch ? "Patch" : "Bundle"; });

}  // namespace
}  // namespace zspex::kernels
