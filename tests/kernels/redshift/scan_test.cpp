// The scan against plain loops: every fit of every target at every redshift.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/invented_redshift.hpp"

namespace zspex::kernels {
namespace {

using test::HostFitter;
using test::Zscan;

using test::invent_coeff;
using test::invent_grids;
using test::invent_target;
using test::invent_template;
using test::Random;
using test::rounding_of;
using test::scan_slices;
using test::Shape;
using Targets = std::vector<Target>;

const std::vector<double> low_redshifts = test::even_redshifts(0.3, 0.0101, 7);
const std::vector<double> high_redshifts = test::even_redshifts(2.6, 0.061, 7);  // Lyman alpha among the bands

/// Scans with the settings, and compares with plain fits.
void expect_plain_fits(const Template& tmpl, const Targets& targets, FitSettings settings, int ndiag = 11) {
  const auto grids = invent_grids();
  settings.max_ndiag = ndiag;
  HostFitter fitter(grids, {tmpl}, settings);
  fitter.set_targets(targets);
  const Zscan scan = scan_slices(fitter);
  const auto rounding = rounding_of(settings.mixed, ndiag);
  double worst = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (std::size_t iz = 0; iz < tmpl.redshifts.size(); ++iz) {
      SCOPED_TRACE("target " + std::to_string(i) + ", redshift " + std::to_string(iz));
      const auto plain = test::fit_plainly(targets[i], grids, tmpl, tmpl.redshifts[iz]);
      ASSERT_EQ(scan.chi2(i, iz) == no_chi2, !plain.solved);
      const double chi2 = static_cast<double>(plain.chi2);
      ASSERT_NEAR(scan.chi2(i, iz), chi2, plain.chi2_error(rounding));
      worst = std::max(worst, std::fabs(scan.chi2(i, iz) - chi2) / chi2);
      for (std::size_t b = 0; b < plain.coeff.size(); ++b) {
        const double c = static_cast<double>(plain.coeff[b]);
        ASSERT_NEAR(scan.coeff(i, iz, b), c, plain.coeff_error(b, rounding) + 0x1p-24 * std::fabs(c)) << b;
      }
      ASSERT_NEAR(scan.penalty(i, iz), static_cast<double>(test::penalty_plainly(tmpl, plain.coeff)),
                  test::penalty_error(tmpl, plain, rounding));
    }
  }
  testing::Test::RecordProperty("worst_chi2", std::to_string(worst));
}

struct Case {
  const char* name;
  FitMethod method;
  bool mixed;
};

class Scan : public testing::TestWithParam<Case> {
 protected:
  FitMethod method() const { return GetParam().method; }
  FitSettings settings() const { return {.mixed = GetParam().mixed}; }
  Template galaxies(int nbasis, Random& random) const {
    return invent_template("GALAXY", method(), nbasis, low_redshifts, random);
  }
  /// A target at one of the middle redshifts, with noise.
  static Target target_of(const Shape& shape, const Template& tmpl, Random& random, double noise = 1) {
    return invent_target(shape, invent_grids(), tmpl, invent_coeff(tmpl.nbasis(), random), tmpl.redshifts[3] + 0.002,
                         random, noise);
  }
};

TEST_P(Scan, IsTheFitAtEachRedshiftForAnyNumberOfBasisVectors) {
  for (int nbasis = 1; nbasis <= 12; ++nbasis) {
    SCOPED_TRACE("seed " + std::to_string(100 + nbasis));
    Random random(100 + nbasis);
    const Template tmpl = galaxies(nbasis, random);
    Targets targets;
    for (int i = 0; i < 3; ++i) targets.push_back(target_of({{0, 5}, {1, 7}, {2, 11}}, tmpl, random));
    expect_plain_fits(tmpl, targets, settings());
    if (HasFatalFailure()) return;
  }
}

TEST_P(Scan, TakesTargetsOfAnyShapeInOneBatch) {
  Random random(120);
  const Template tmpl = galaxies(4, random);
  const Shape common = {{0, 5}, {1, 7}, {2, 11}};
  const Shape shapes[] = {common,
                          {{2, 3}, {0, 9}},  // other bands first, one of them missing
                          {{1, 1}},          // no resolution at all
                          common,
                          {{0, 5}, {1, 7}, {2, 9}},                           // another width in one band
                          {{0, 5}, {0, 5}, {0, 7}, {1, 11}, {2, 3}, {2, 5}},  // exposures
                          common,
                          {{1, 7}, {0, 5}, {2, 11}},  // another order
                          common,
                          {{0, 5}, {1, 7}, {2, 9}},
                          common,
                          {{0, 5}, {1, 7}, {2, 9}},
                          common};
  Targets targets;
  for (const Shape& shape : shapes) targets.push_back(target_of(shape, tmpl, random));
  expect_plain_fits(tmpl, targets, settings());
}

TEST_P(Scan, TakesResolutionsThatAreWiderThanAStrip) {
  Random random(121);
  const Template tmpl = galaxies(3, random);
  const Targets targets = {target_of({{0, 35}, {1, 33}, {2, 1}}, tmpl, random), target_of({{1, 35}}, tmpl, random)};
  expect_plain_fits(tmpl, targets, settings(), 35);
}

TEST_P(Scan, SeesTheIntergalacticMediumOfItsTemplate) {
  for (const IgmModel igm : {IgmModel::calura12, IgmModel::kamble20, IgmModel::inoue14}) {
    Random random(130);
    const Template tmpl = invent_template("QSO", method(), 3, high_redshifts, random, igm);
    expect_plain_fits(tmpl, {target_of({{0, 5}, {1, 7}, {2, 11}}, tmpl, random)}, settings());
  }
}

TEST_P(Scan, PullsCoefficientsBelowZeroOnlyWithPca) {
  // A target that is far from any sum of the vectors: noise alone.
  Random random(131);
  const Template tmpl = galaxies(5, random);
  Targets targets;
  for (int i = 0; i < 4; ++i) targets.push_back(target_of({{0, 5}, {1, 7}, {2, 11}}, tmpl, random));
  for (Target& target : targets)
    for (auto& spectrum : target.spectra)
      for (double& flux : spectrum.flux) flux = 0.3 + random.normal();
  expect_plain_fits(tmpl, targets, settings());
  HostFitter fitter(invent_grids(), {tmpl}, settings());
  fitter.set_targets(targets);
  const Zscan scan = scan_slices(fitter);
  const float least = *std::min_element(scan.coeff.begin(), scan.coeff.end());
  if (method() == FitMethod::pca)
    EXPECT_LT(least, -0.01);
  else
    EXPECT_EQ(least, 0);
}

TEST_P(Scan, KeepsItsDigitsWhereNearlyAllOfTheFluxIsExplained) {
  // chi^2 is what is left of the flux, down to 1e-13 of its square.
  for (const double noise : {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6}) {
    SCOPED_TRACE("noise " + std::to_string(noise));
    Random random(132);
    const auto grids = invent_grids();
    Template tmpl = galaxies(3, random);
    Targets targets;
    for (int i = 0; i < 3; ++i)
      targets.push_back(invent_target({{0, 5}, {1, 7}, {2, 11}}, grids, tmpl, invent_coeff(3, random),
                                      tmpl.redshifts[2], random, noise));
    expect_plain_fits(tmpl, targets, settings());
    const auto plain = test::fit_plainly(targets[0], grids, tmpl, tmpl.redshifts[2]);
    EXPECT_LT(plain.chi2 / plain.null_chi2, 1e-1 * noise * noise);
    // The bound of a double fit is tight: 1e-6 of chi^2 itself.
    EXPECT_LT(plain.chi2_error(rounding_of(false)), std::max(1e-6, 1e-13 / noise / noise) * plain.chi2);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, Scan,
                         testing::Values(Case{"PcaMixed", FitMethod::pca, true},
                                         Case{"PcaDouble", FitMethod::pca, false},
                                         Case{"NmfMixed", FitMethod::nmf, true},
                                         Case{"NmfDouble", FitMethod::nmf, false}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace zspex::kernels
