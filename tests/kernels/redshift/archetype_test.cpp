// Archetypes in the place of basis vectors, against plain bounded fits, and when they reject a fit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/invented_redshift.hpp"
#include "tests/kernels/support/plain_archetype.hpp"

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

/// n spectra, each positive and unlike the others.
Archetypes invent_archetypes(const Template& like, int n, Random& random) {
  const Template spectra = invent_template(like.spectype, FitMethod::nmf, n, like.redshifts, random);
  Archetypes set{like.spectype, {}, spectra.wave, spectra.basis};
  for (int i = 0; i < n; ++i) set.subtypes.push_back("KIND_" + std::to_string(i));
  return set;
}

/// The light of archetype `which` times 1.7 and a calibration that is off by some polynomial in each band.
Target invent_kind(const Shape& shape, const Archetypes& set, int which, double z, IgmModel igm, Random& random) {
  Template one;
  one.wave = set.wave;
  one.igm = igm;
  one.basis = Array2<double>({1, set.wave.size()});
  std::copy_n(set.flux.row(which).begin(), set.wave.size(), one.basis.begin());
  Target target = invent_target(shape, invent_grids(), one, {1.7}, z, random);
  const auto polynomials = test::legendre_plainly(3, invent_grids());
  for (auto& spectrum : target.spectra)
    for (std::size_t p = 0; p < spectrum.flux.size(); ++p)
      spectrum.flux[p] += 0.1 * (spectrum.band + 1) + static_cast<double>(0.07L * polynomials[1][spectrum.band][p] -
                                                                          0.05L * polynomials[2][spectrum.band][p]);
  return target;
}

Fits refine(const Template& tmpl, const std::vector<Archetypes>& sets, const Target& target,
            const ArchetypeSettings& settings) {
  HostFitter fitter(invent_grids(), {tmpl}, {.archetypes = settings}, sets);
  fitter.set_targets({&target, 1});
  const Zscan scan = test::scan_slices(fitter, 0, {0}, false);
  Array2<double> chi2 = scan.chi2;
  std::transform(chi2.begin(), chi2.end(), scan.penalty.begin(), chi2.begin(), std::plus<>());
  return fitter.refine(0, chi2)[0];
}

/// Refines with archetypes and without, and compares with plain fits at each redshift that was found.
void expect_plain_archetypes(const Template& tmpl, const Archetypes& set, const Target& target,
                             const ArchetypeSettings& settings, int truth = 9) {
  const Fits found = refine(tmpl, {set}, target, settings), before = refine(tmpl, {}, target, settings);
  ASSERT_EQ(found.size(), before.size());
  ASSERT_FALSE(found.empty());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Zfit& fit = found[i];
    SCOPED_TRACE("minimum at z " + std::to_string(fit.z));
    const auto plain = test::archetypes_plainly(target, invent_grids(), set, tmpl.igm, fit.z, settings);
    ASSERT_EQ(fit.archetypes, plain.nearest);
    ASSERT_EQ(fit.method, FitMethod::archetype);
    ASSERT_EQ(fit.ncoeff, static_cast<int>(plain.nearest.size()));
    ASSERT_EQ(fit.coeff.size(), plain.nearest.size());
    ASSERT_EQ(fit.legcoeff.size(), plain.legcoeff.size());
    std::string names;
    for (const int which : plain.nearest) names += (names.empty() ? "" : ";") + set.subtypes[which];
    EXPECT_EQ(fit.subtype, names);
    EXPECT_EQ(fit.spectype, tmpl.spectype);
    const auto rounding = rounding_of(false);
    double change = 1e-14;  // the largest of any coefficient
    for (std::size_t c = 0; c < plain.fit.coeff.size(); ++c)
      change = std::max(change, plain.fit.coeff_error(c, rounding));
    for (std::size_t c = 0; c < fit.coeff.size(); ++c) {
      EXPECT_NEAR(fit.coeff[c], static_cast<double>(plain.fit.coeff[c]), change) << c;
      EXPECT_GE(fit.coeff[c], 0);
    }
    for (std::size_t c = 0; c < fit.legcoeff.size(); ++c)
      EXPECT_NEAR(fit.legcoeff[c], static_cast<double>(plain.legcoeff[c]), change) << "polynomial " << c;
    ASSERT_NEAR(fit.chi2, static_cast<double>(plain.fit.chi2), plain.fit.chi2_error(rounding));
    EXPECT_EQ(fit.model_chi2, fit.chi2);
    EXPECT_GE(fit.chi2, found[i > 0 ? i - 1 : 0].chi2) << "in the order of the archetypes' chi^2";
    // All else is that of the fit that they replace.
    const auto old = std::find_if(before.begin(), before.end(), [&](const Zfit& one) { return one.z == fit.z; });
    ASSERT_NE(old, before.end());
    EXPECT_EQ(fit.zerr, old->zerr);
    EXPECT_EQ(fit.zz, old->zz);
    EXPECT_EQ(fit.zzchi2, old->zzchi2);
    EXPECT_EQ(fit.zwarn & ~zwarn::negative_model, old->zwarn);
    EXPECT_EQ(fit.npixels, old->npixels);
    EXPECT_EQ(fit.null_chi2, old->null_chi2);
    EXPECT_EQ(fit.pca_coeff, old->coeff);
    EXPECT_EQ(fit.pca_spectype, old->spectype);
    EXPECT_EQ(fit.pca_subtype, old->subtype);
  }
  EXPECT_EQ(found[0].archetypes[0], truth);
}

class ArchetypeFit : public testing::Test {
 protected:
  explicit ArchetypeFit(const std::string& spectype = "GALAXY", double z = 0.33, IgmModel igm = IgmModel::none)
      : z_(z) {
    const double step = (1 + z) * 250 / light_speed_km_s;
    tmpl_ = invent_template(spectype, FitMethod::pca, 3, test::even_redshifts(z - 10 * step, step, 21), random_, igm);
    tmpl_.subtype = "OLD";
    set_ = invent_archetypes(tmpl_, 11, random_);
    // The template knows three of them, so that it finds their redshift.
    tmpl_.wave = set_.wave;
    tmpl_.basis = Array2<double>({3, set_.wave.size()});
    for (std::size_t b = 0; b < 3; ++b)
      std::copy_n(set_.flux.row(9 - 2 * b).begin(), set_.wave.size(), tmpl_.basis.row(b).begin());
  }
  Target kind(const Shape& shape, int which = 9) { return invent_kind(shape, set_, which, z_, tmpl_.igm, random_); }

  double z_;
  Random random_{500};
  Template tmpl_;
  Archetypes set_;
};

TEST_F(ArchetypeFit, IsThePlainOneWithAnyPolynomials) {
  const Target target = kind(common);
  for (const bool per_camera : {true, false})
    for (const int degree : {0, 1, 2, 3, 5})
      for (const double prior : {0.1, 0.0}) {
        SCOPED_TRACE((per_camera ? "per camera, degree " : "shared, degree ") + std::to_string(degree) + ", prior " +
                     std::to_string(prior));
        expect_plain_archetypes(tmpl_, set_, target, {0, degree, per_camera, prior});
        if (HasFailure()) return;
      }
}

TEST_F(ArchetypeFit, OfTheNearestTogetherIsThePlainOne) {
  const Target target = kind(common);
  for (const int nnearest : {1, 2, 3, 6})
    for (const bool per_camera : {true, false}) {
      SCOPED_TRACE(std::to_string(nnearest) + (per_camera ? " per camera" : " shared"));
      expect_plain_archetypes(tmpl_, set_, target, {nnearest, 2, per_camera, 0.1});
      if (HasFailure()) return;
    }
}

TEST_F(ArchetypeFit, OfATargetWithoutACameraLeavesItsPolynomialsAtZero) {
  for (const Shape& shape : {Shape{{0, 5}, {2, 11}}, Shape{{1, 7}}, Shape{{2, 3}, {1, 9}}})
    for (const double prior : {0.1, 0.0}) {
      const Target target = kind(shape);
      expect_plain_archetypes(tmpl_, set_, target, {0, 2, true, prior});
      expect_plain_archetypes(tmpl_, set_, target, {0, 2, false, prior});
    }
  // All masked is the same as not there.
  Target target = kind(common);
  target.spectra[1].ivar.assign(target.spectra[1].ivar.size(), 0);
  expect_plain_archetypes(tmpl_, set_, target, {2, 2, true, 0});
  const Fits found = refine(tmpl_, {set_}, target, {0, 2, true, 0});
  for (const int c : {2, 3}) EXPECT_EQ(found.at(0).legcoeff[c], 0);
  for (const int c : {0, 1, 4, 5}) EXPECT_NE(found.at(0).legcoeff[c], 0);
}

TEST_F(ArchetypeFit, OfSeveralExposuresSharesACamerasPolynomials) {
  const Target target = kind({{1, 7}, {0, 5}, {1, 9}, {2, 11}, {2, 3}, {1, 7}});
  expect_plain_archetypes(tmpl_, set_, target, {0, 3, true, 0.1});
  expect_plain_archetypes(tmpl_, set_, target, {2, 2, false, 0.1});
}

TEST_F(ArchetypeFit, IsNotPaidForNegativeOii) {
  Template bright = tmpl_;  // where the basis vectors' [OII] counts for much
  for (std::size_t j = 0; j < bright.wave.size(); ++j)
    if (bright.wave[j] >= 3724 && bright.wave[j] <= 3733)
      for (int b = 0; b < 3; ++b) bright.basis(b, j) -= 100;
  const Target target = kind(common);
  const Fits before = refine(bright, {}, target, {});
  EXPECT_GT(before.at(0).chi2, before.at(0).model_chi2 + 100) << "the template's fit has a penalty";
  expect_plain_archetypes(bright, set_, target, {});
}

TEST_F(ArchetypeFit, OfEqualArchetypesTakesTheFirst) {
  for (const int copy : {3, 10}) std::copy_n(set_.flux.row(6).begin(), set_.wave.size(), set_.flux.row(copy).begin());
  const Target target = kind(common, 6);
  EXPECT_EQ(refine(tmpl_, {set_}, target, {0, 3, true, 0.1}).at(0).archetypes, (std::vector<int>{3}));
}

class ArchetypeFitOfQuasars : public ArchetypeFit {
 protected:
  ArchetypeFitOfQuasars() : ArchetypeFit("QSO", 2.7, IgmModel::inoue14) {}
};

TEST_F(ArchetypeFitOfQuasars, SeesTheTemplatesIntergalacticMedium) {
  const Target target = kind(common, 7);
  expect_plain_archetypes(tmpl_, set_, target, {0, 3, true, 0.1}, 7);
  expect_plain_archetypes(tmpl_, set_, target, {3, 2, false, 0.1}, 7);
}

// --- which fits are archetypes', and which are rejected

class ArchetypeRules : public ArchetypeFit {
 protected:
  /// Minus an archetype: without polynomials the best coefficient of any is zero.
  Target negative() {
    Target target = kind(common);
    for (auto& spectrum : target.spectra)
      for (double& flux : spectrum.flux) flux = -flux;
    return target;
  }
  /// All minima of all templates.
  std::vector<Fits> refine_all(const std::vector<Template>& templates, const std::vector<Archetypes>& sets,
                               const Target& target, const ArchetypeSettings& settings) const {
    HostFitter fitter(invent_grids(), templates, {.archetypes = settings}, sets);
    fitter.set_targets({&target, 1});
    std::vector<Fits> all;
    for (int it = 0; it < static_cast<int>(templates.size()); ++it)
      all.push_back(fitter.refine(it, test::scan_slices(fitter, it, {0}, false).chi2)[0]);
    return all;
  }
};

TEST_F(ArchetypeRules, ConcernOnlyTemplatesOfTheirType) {
  Template other = tmpl_, same = tmpl_;
  other.spectype = "STAR";
  same.subtype = "YOUNG";
  const auto all = refine_all({other, tmpl_, same}, {set_}, kind(common), {});
  for (const Zfit& fit : all[0]) {
    EXPECT_EQ(fit.method, FitMethod::pca);
    EXPECT_TRUE(fit.archetypes.empty());
    EXPECT_TRUE(fit.legcoeff.empty());
    EXPECT_TRUE(fit.pca_coeff.empty());
    EXPECT_EQ(fit.ncoeff, 3);
  }
  for (const Zfit& fit : all[1]) EXPECT_EQ(fit.pca_subtype, "OLD");
  for (const Zfit& fit : all[2]) EXPECT_EQ(fit.pca_subtype, "YOUNG");
  for (int it : {1, 2})
    for (const Zfit& fit : all[it]) {
      EXPECT_EQ(fit.method, FitMethod::archetype);
      EXPECT_EQ(fit.itemplate, it);
    }
}

TEST_F(ArchetypeRules, RejectABestOneOfZeroWhereAllTypesHaveArchetypes) {
  const Target target = negative(), good = kind(common);
  Template other = tmpl_;
  other.spectype = "QSO";
  Archetypes others = set_;
  others.spectype = "QSO";
  const ArchetypeSettings settings{0, 0, true, 0.1};
  const auto flags = [&](const std::vector<Template>& templates, const std::vector<Archetypes>& sets, const Target& one,
                         const ArchetypeSettings& with) {
    int all = 0;
    for (const Fits& fits : refine_all(templates, sets, one, with))
      for (const Zfit& fit : fits) all |= fit.zwarn;
    return all & zwarn::negative_model;
  };
  const auto rejected = refine_all({tmpl_}, {set_}, target, settings)[0];
  ASSERT_FALSE(rejected.empty());
  for (const Zfit& fit : rejected) {
    EXPECT_EQ(fit.coeff, (Values{0}));
    EXPECT_NE(fit.zwarn & zwarn::negative_model, 0);
  }
  EXPECT_EQ(flags({tmpl_}, {set_}, good, settings), 0);
  EXPECT_EQ(flags({tmpl_, other}, {set_, others}, target, settings), zwarn::negative_model);
  EXPECT_EQ(flags({tmpl_, other}, {set_}, target, settings), 0) << "QSO has none: only below zero would count";
  EXPECT_EQ(flags({tmpl_}, {set_}, target, {2, 0, true, 0.1}), 0) << "of the nearest any may be zero";
  EXPECT_EQ(flags({tmpl_}, {set_}, target, {1, 0, true, 0.1}), 0);
}

/// The message of the error that making a fitter throws.
std::string refusal(const Template& tmpl, const Archetypes& set, const ArchetypeSettings& settings) {
  try {
    HostFitter(invent_grids(), {tmpl}, {.archetypes = settings}, {set});
  } catch (const NumericsError& error) {
    return error.what();
  }
  return "";
}

TEST_F(ArchetypeRules, RefuseFewerArchetypesThanAreToBeFittedTogether) {
  EXPECT_EQ(refusal(tmpl_, set_, {.nnearest = 11}), "");
  EXPECT_NE(refusal(tmpl_, set_, {.nnearest = 12}).find("11"), std::string::npos);
  EXPECT_NE(refusal(tmpl_, {"GALAXY", {}, set_.wave, Array2<double>({0, set_.wave.size()})}, {}), "");
}

TEST_F(ArchetypeRules, RefuseMoreUnknownsThanCanBeSolvedFor) {
  EXPECT_EQ(refusal(tmpl_, set_, {.nnearest = 1, .degree = 21, .per_camera = true}), "") << "3 x 21 + 1 = 64";
  EXPECT_NE(refusal(tmpl_, set_, {.nnearest = 2, .degree = 21, .per_camera = true}).find("65"), std::string::npos);
  EXPECT_EQ(refusal(tmpl_, set_, {.degree = 63, .per_camera = false}), "");
  EXPECT_NE(refusal(tmpl_, set_, {.degree = 64, .per_camera = false}), "");
}

TEST_F(ArchetypeRules, RefuseArchetypesThatDoNotCoverTheirTypesRedshifts) {
  Archetypes cut = set_;
  cut.wave.erase(cut.wave.begin(), cut.wave.begin() + 40);
  cut.flux = Array2<double>({11, cut.wave.size()}, 1.0);
  EXPECT_NE(refusal(tmpl_, cut, {}).find("archetypes of GALAXY"), std::string::npos);
  cut.spectype = "STAR";
  EXPECT_EQ(refusal(tmpl_, cut, {}), "") << "no template of theirs";
}

}  // namespace
}  // namespace zspex::kernels
