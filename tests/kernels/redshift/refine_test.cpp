// The refinement of minima against plain steps, and its rules one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/invented_redshift.hpp"
#include "tests/kernels/support/plain_refine.hpp"

namespace zspex::kernels {
namespace {

using test::HostFitter;
using test::Zscan;

using test::invent_grids;
using test::invent_target;
using test::invent_template;
using test::Random;
using test::rounding_of;
using test::Shape;
using Fits = std::vector<Zfit>;
using Values = std::vector<double>;

const Shape common = {{0, 5}, {1, 7}, {2, 11}};

/// chi^2 with penalty, as refine() takes it.
Array2<double> total_chi2(const HostFitter& fitter, std::size_t ibatch = 0) {
  Zscan scan = test::scan_slices(fitter, 0, {0}, false, ibatch);
  std::transform(scan.chi2.begin(), scan.chi2.end(), scan.penalty.begin(), scan.chi2.begin(), std::plus<>());
  return scan.chi2;
}

void expect_plain_minima(const Fits& found, const Target& target, const Template& tmpl, std::span<const double> chi2,
                         const FitSettings& settings) {
  const auto grids = invent_grids();
  const auto expected =
      test::refine_plainly(target, grids, tmpl, chi2, settings.nminima, settings.npoints, rounding_of(false));
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    SCOPED_TRACE("minimum " + std::to_string(i) + " at z " + std::to_string(expected[i].fit.z));
    const Zfit& a = found[i];
    const Zfit& b = expected[i].fit;
    ASSERT_EQ(a.zz, b.zz);
    for (std::size_t k = 0; k < a.zz.size(); ++k)
      ASSERT_NEAR(a.zzchi2[k], b.zzchi2[k], expected[i].zzchi2_error[k]) << k;
    ASSERT_EQ(a.zwarn, b.zwarn);
    ASSERT_NEAR(a.z, b.z, expected[i].z_error);
    ASSERT_NEAR(a.chi2, b.chi2, expected[i].chi2_error);
    ASSERT_NEAR(a.zerr, b.zerr, expected[i].zerr_error);
    const auto plain = test::fit_plainly(target, grids, tmpl, a.z);
    ASSERT_EQ(a.coeff.size(), plain.coeff.size());
    for (std::size_t c = 0; c < a.coeff.size(); ++c)
      ASSERT_NEAR(a.coeff[c], static_cast<double>(plain.coeff[c]), plain.coeff_error(c, rounding_of(false))) << c;
    ASSERT_NEAR(a.model_chi2, static_cast<double>(plain.chi2), plain.chi2_error(rounding_of(false)));
    ASSERT_NEAR(a.null_chi2, static_cast<double>(plain.null_chi2), 1e-13 * a.null_chi2);
    ASSERT_EQ(a.npixels, static_cast<int>(plain.npixel));
    ASSERT_EQ(a.method, tmpl.method);
    ASSERT_EQ(a.spectype, tmpl.spectype);
    ASSERT_EQ(a.subtype, tmpl.subtype);
    ASSERT_EQ(a.ncoeff, tmpl.nbasis());
    ASSERT_EQ(a.itemplate, 0);
    ASSERT_GE(a.chi2, found[i > 0 ? i - 1 : 0].chi2);
  }
}

struct Case {
  const char* name;
  const char* spectype;
  FitMethod method;
  IgmModel igm;
  double z;  ///< around which it is looked for
};

class Refine : public testing::TestWithParam<Case> {
 protected:
  /// Steps of 250 km/s.
  Template invent(Random& random, int nz = 45) const {
    const Case& at = GetParam();
    const double step = (1 + at.z) * 250 / light_speed_km_s;
    Template tmpl = invent_template(at.spectype, at.method, 3, test::even_redshifts(at.z - nz / 2 * step, step, nz),
                                    random, at.igm);
    tmpl.subtype = "SUB";
    return tmpl;
  }
  Target target_of(const Template& tmpl, Random& random, double noise = 1) const {
    return invent_target(common, invent_grids(), tmpl, test::invent_coeff(3, random), GetParam().z, random, noise);
  }
};

TEST_P(Refine, FindsThePlainMinima) {
  Random random(400);
  const Template tmpl = invent(random);
  const std::vector<Target> targets = {target_of(tmpl, random), target_of(tmpl, random, 5)};
  for (const auto& [nminima, npoints] : {std::pair{3, 15}, {1, 3}, {2, 4}, {5, 8}, {9, 31}}) {
    SCOPED_TRACE(std::to_string(nminima) + " minima, " + std::to_string(npoints) + " points");
    const FitSettings settings{.nminima = nminima, .npoints = npoints};
    HostFitter fitter(invent_grids(), {tmpl}, settings);
    fitter.set_targets(targets);
    const Array2<double> chi2 = total_chi2(fitter);
    const auto found = fitter.refine(0, chi2);
    ASSERT_EQ(found.size(), 2u);
    for (int i : {0, 1}) expect_plain_minima(found[i], targets[i], tmpl, chi2.row(i), settings);
    EXPECT_GE(found[1].size(), std::min(nminima, 2)) << "there is more to be found";
    if (HasFailure()) return;
  }
}

TEST_P(Refine, FollowsTheRulesWhereverItIsTold) {
  // Minima anywhere: most of them aren't any, so that vertices lie outside and parabolas open downwards.
  Random random(401);
  const Template tmpl = invent(random);
  const Target target = target_of(tmpl, random);
  const FitSettings settings{.nminima = 12, .npoints = 7};
  HostFitter fitter(invent_grids(), {tmpl}, settings);
  fitter.set_targets({&target, 1});
  int seen = 0;
  for (int round = 0; round < 8; ++round) {
    SCOPED_TRACE("seed 401, round " + std::to_string(round));
    Array2<double> chi2({1, tmpl.redshifts.size()});
    for (double& value : chi2) value = std::floor(random.uniform(0, 30));  // with plateaus
    const auto found = fitter.refine(0, chi2);
    expect_plain_minima(found[0], target, tmpl, chi2.row(0), settings);
    for (const Zfit& fit : found[0]) seen |= fit.zwarn | (fit.zwarn == 0 ? 1 << 20 : 0);
    if (HasFailure()) return;
  }
  EXPECT_EQ(seen, zwarn::bad_minfit | zwarn::z_fitlimit | 1 << 20) << "good ones and both kinds of bad ones";
}

TEST_P(Refine, FindsTheRedshiftAndCoefficientsOfALightWithoutNoise) {
  Random random(402);
  const double step = 3e-4 * (1 + GetParam().z);
  Template tmpl = invent_template(GetParam().spectype, GetParam().method, 3,
                                  test::even_redshifts(GetParam().z - 20 * step, step, 41), random, GetParam().igm);
  const auto grids = invent_grids();
  for (const double part : {0.0, 0.31, -2.77, 7.5}) {
    const double z = GetParam().z + part * step;
    const Values coeff = test::invent_coeff(3, random);
    const Target target = invent_target(common, grids, tmpl, coeff, z, random, 0);
    HostFitter fitter(grids, {tmpl}, {});
    fitter.set_targets({&target, 1});
    const Zfit best = fitter.refine(0, total_chi2(fitter))[0].at(0);
    EXPECT_NEAR(best.z, z, 1e-6);
    EXPECT_EQ(best.zwarn, best.chi2 > 0 ? 0 : zwarn::bad_minfit) << "the vertex may be a little below zero";
    // How far the true coefficients are from the best ones at this redshift, in units of their sigma.
    const auto system = test::system_plainly(target, grids, tmpl, best.z);
    long double off = 0;
    for (std::size_t p = 0; p < system.flux.size(); ++p) {
      long double residual = system.flux[p];
      for (int b = 0; b < 3; ++b) residual -= coeff[b] * system.columns[b][p];
      off += residual * residual;
    }
    const auto sigma = test::sigma_plainly(system);
    for (int b = 0; b < 3; ++b)
      EXPECT_NEAR(best.coeff[b], coeff[b], static_cast<double>(std::sqrt(off) * sigma[b]) + 1e-9) << b;
    EXPECT_LT(off, 1e-4 * system.flux.size());
  }
}

TEST_P(Refine, HasTheSameBitsInAnyBatchAndWhateverTheScanWasMadeOf) {
  Random random(403);
  const Template tmpl = invent(random);
  std::vector<Target> targets;
  for (int i = 0; i < 5; ++i) targets.push_back(target_of(tmpl, random));
  targets[3].spectra[0].ivar.assign(101, 0);
  HostFitter fitter(invent_grids(), {tmpl}, {.mixed = true}), other(invent_grids(), {tmpl}, {.mixed = false});
  fitter.set_targets(targets);
  const Array2<double> chi2 = total_chi2(fitter);
  const auto all = fitter.refine(0, chi2);
  const auto expect_same = [&](const Fits& a, const Fits& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t k = 0; k < a.size(); ++k) {
      EXPECT_EQ(a[k].z, b[k].z);
      EXPECT_EQ(a[k].chi2, b[k].chi2);
      EXPECT_EQ(a[k].zerr, b[k].zerr);
      EXPECT_EQ(a[k].coeff, b[k].coeff);
      EXPECT_EQ(a[k].zzchi2, b[k].zzchi2);
      EXPECT_EQ(a[k].model_chi2, b[k].model_chi2);
    }
  };
  for (HostFitter* one : {&fitter, &other}) {
    one->set_targets(targets, 2);
    for (std::size_t ibatch = 0; ibatch < 3; ++ibatch) {
      const auto range = one->batch(ibatch);
      Array2<double> rows({range.n, tmpl.redshifts.size()});
      std::copy_n(chi2.row(range.first).begin(), rows.size(), rows.begin());
      const auto some = one->refine(0, rows, ibatch);
      ASSERT_EQ(some.size(), range.n);
      for (std::size_t i = 0; i < range.n; ++i) expect_same(some[i], all[range.first + i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Templates, Refine,
                         testing::Values(Case{"Galaxy", "GALAXY", FitMethod::pca, IgmModel::none, 0.33},
                                         Case{"GalaxyNmf", "GALAXY", FitMethod::nmf, IgmModel::none, 0.33},
                                         Case{"Star", "STAR", FitMethod::pca, IgmModel::none, 0.001},
                                         Case{"Quasar", "QSO", FitMethod::pca, IgmModel::inoue14, 2.7}),
                         [](const auto& info) { return info.param.name; });

// --- what cannot be refined

TEST(RefineLimits, ATargetWithoutDataHasNoMinima) {
  Random random(410);
  const Template tmpl = invent_template("GALAXY", FitMethod::pca, 2, test::even_redshifts(0.3, 0.001, 11), random);
  std::vector<Target> targets(2, invent_target(common, invent_grids(), tmpl, {1, 1}, 0.305, random));
  for (auto& spectrum : targets[0].spectra) spectrum.ivar.assign(spectrum.ivar.size(), 0);
  HostFitter fitter(invent_grids(), {tmpl}, {});
  fitter.set_targets(targets);
  const auto found = fitter.refine(0, total_chi2(fitter));
  EXPECT_TRUE(found[0].empty());
  EXPECT_FALSE(found[1].empty());
}

TEST(RefineLimits, AConstantChi2HasNoVertex) {
  // Flux of zero is fitted by nothing everywhere.
  Random random(411);
  const Template tmpl = invent_template("QSO", FitMethod::pca, 2, test::even_redshifts(0.3, 0.001, 11), random);
  Target target = invent_target(common, invent_grids(), tmpl, {1, 1}, 0.305, random);
  for (auto& spectrum : target.spectra) spectrum.flux.assign(spectrum.flux.size(), 0);
  HostFitter fitter(invent_grids(), {tmpl}, {});
  fitter.set_targets({&target, 1});
  Array2<double> chi2({1, 11}, 5.0);
  chi2(0, 4) = 1;
  const auto found = fitter.refine(0, chi2)[0];
  ASSERT_FALSE(found.empty());
  const auto at_minimum = std::find_if(found.begin(), found.end(), [&](const Zfit& fit) {
    return fit.zz.front() == tmpl.redshifts[3] && fit.zz.back() == tmpl.redshifts[5];
  });
  ASSERT_NE(at_minimum, found.end());
  EXPECT_EQ(at_minimum->z, tmpl.redshifts[3]) << "the first of the equal points";
  EXPECT_EQ(at_minimum->chi2, 0);
  EXPECT_EQ(at_minimum->zerr, -1);
  EXPECT_EQ(at_minimum->zwarn, zwarn::bad_minfit | zwarn::z_fitlimit);
  EXPECT_EQ(at_minimum->coeff, (Values{0, 0}));
  EXPECT_EQ(at_minimum->null_chi2, 0);
}

}  // namespace
}  // namespace zspex::kernels
