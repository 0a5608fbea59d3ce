// The model of a fit: R x T c in the light that passes the intergalactic medium.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

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
using test::Real;
using test::Shape;
using Values = std::vector<double>;
using Models = std::vector<std::vector<float>>;

const Shape common = {{0, 5}, {1, 7}, {2, 11}};

/// R x light of the last spectrum of each band; rounded to float, from terms that are rounded as doubles.
void expect_models(const Models& found, const Target& target, const test::Light& light, double largest) {
  const auto grids = invent_grids();
  ASSERT_EQ(found.size(), grids.size());
  for (std::size_t band = 0; band < grids.size(); ++band) {
    std::vector<Real> expected(grids[band].size(), 0);
    for (const auto& spectrum : target.spectra)
      if (spectrum.band == static_cast<int>(band)) expected = test::convolve_plainly(spectrum, light[band]);
    ASSERT_EQ(found[band].size(), expected.size());
    for (std::size_t p = 0; p < expected.size(); ++p) {
      const auto value = static_cast<double>(expected[p]);
      ASSERT_NEAR(found[band][p], value, 0x1p-24 * std::fabs(value) + test::rounding_of(false).worst * largest)
          << "band " << band << ", pixel " << p;
    }
  }
}

test::Light sum(const std::vector<test::Light>& basis, const Values& coeff) {
  test::Light light = basis[0];
  for (std::size_t band = 0; band < light.size(); ++band)
    for (std::size_t p = 0; p < light[band].size(); ++p) {
      light[band][p] = 0;
      for (std::size_t b = 0; b < coeff.size(); ++b) light[band][p] += coeff[b] * basis[b][band][p];
    }
  return light;
}

/// The model's chi^2, its values rounded to float.
void expect_chi2(const Models& models, const Target& target, const Zfit& fit) {
  double chi2 = 0, error = 0;
  for (const auto& spectrum : target.spectra)
    for (std::size_t p = 0; p < spectrum.flux.size(); ++p) {
      const double model = models[spectrum.band][p], residual = spectrum.flux[p] - model;
      chi2 += spectrum.ivar[p] * residual * residual;
      error += 2 * spectrum.ivar[p] * std::fabs(residual) * 0x1p-24 * std::fabs(model);
    }
  EXPECT_NEAR(fit.model_chi2, chi2, error + 1e-9 * chi2);
}

/// A fit that was made by hand.
Zfit fit_of(const Template& tmpl, double z, const Values& coeff) {
  Zfit fit;
  fit.method = tmpl.method;
  fit.z = z;
  fit.coeff = coeff;
  return fit;
}

struct Case {
  const char* name;
  FitMethod method;
  IgmModel igm;
  double z;
};

class Model : public testing::TestWithParam<Case> {
 protected:
  Model()
      : tmpl_(invent_template("QSO", GetParam().method, 5, test::even_redshifts(GetParam().z - 0.02, 0.01, 5), random_,
                              GetParam().igm)) {}
  Target target(const Shape& shape) {
    return invent_target(shape, invent_grids(), tmpl_, test::invent_coeff(5, random_), GetParam().z, random_);
  }

  Random random_{600};
  Template tmpl_;
};

TEST_P(Model, IsResolutionTimesTemplateTimesTransmission) {
  const HostFitter fitter(invent_grids(), {tmpl_}, {}), other(invent_grids(), {tmpl_}, {.mixed = false});
  const Values coeff = {1.5, -0.3, 0.25, 2, -1};
  for (const Shape& shape : {common, Shape{{2, 3}, {0, 9}}, Shape{{1, 1}}, Shape{{0, 5}, {1, 7}, {1, 3}, {0, 11}}}) {
    const Target one = target(shape);
    for (const double z : {GetParam().z, GetParam().z - 0.0191, GetParam().z + 0.0173}) {
      SCOPED_TRACE("z " + std::to_string(z) + ", first of " + std::to_string(shape.size()) + " spectra is of band " +
                   std::to_string(shape[0].first));
      const Models found = fitter.model(one, fit_of(tmpl_, z, coeff));
      const auto basis = test::observe_plainly(tmpl_.wave, tmpl_.basis, z, tmpl_.igm, invent_grids());
      expect_models(found, one, sum(basis, coeff), 5 * 10);
      EXPECT_EQ(other.model(one, fit_of(tmpl_, z, coeff)), found) << "a model is always made in double";
    }
  }
}

TEST_P(Model, HasTheChi2ThatItsFitSays) {
  const Target one = target(common);
  HostFitter fitter(invent_grids(), {tmpl_}, {});
  fitter.set_targets({&one, 1});
  const auto fits = fitter.refine(0, test::scan_slices(fitter, 0, {0}, false).chi2)[0];
  ASSERT_FALSE(fits.empty());
  for (const Zfit& fit : fits) expect_chi2(fitter.model(one, fit), one, fit);
}

TEST_P(Model, IsZeroWithoutCoefficientsAndWhereTheTemplateDoesNotReach) {
  const Target one = target(common);
  const HostFitter fitter(invent_grids(), {tmpl_}, {});
  Models zeros;
  for (const auto& grid : invent_grids()) zeros.emplace_back(grid.size(), 0.0F);
  EXPECT_EQ(fitter.model(one, fit_of(tmpl_, GetParam().z, {0, 0, 0, 0, 0})), zeros);
  Zfit reset = fit_of(tmpl_, 0, {0, 0, 0, 0, 0});  // as for a fiber off its target
  reset.method = FitMethod::none;
  EXPECT_EQ(fitter.model(one, reset), zeros);
  reset.coeff.clear();  // as of a target without data
  for (const double z : {0.0, GetParam().z}) {
    reset.z = z;
    EXPECT_EQ(fitter.model(one, reset), zeros);
  }
  EXPECT_EQ(fitter.model(one, fit_of(tmpl_, GetParam().z + 0.5, {1, 1, 1, 1, 1})), zeros);
  EXPECT_EQ(fitter.model({1, {}}, fit_of(tmpl_, GetParam().z, {1, 1, 1, 1, 1})), zeros) << "without spectra";
}

TEST_P(Model, TakesTheTemplateThatTheFitIsOf) {
  Random random(601);
  const Template other = invent_template("STAR", FitMethod::pca, 2, test::even_redshifts(0.1, 0.01, 3), random);
  const Target one = target(common);
  const HostFitter alone(invent_grids(), {tmpl_}, {}), fitter(invent_grids(), {other, tmpl_}, {});
  Zfit fit = fit_of(tmpl_, GetParam().z, {1, 2, 3, 4, 5});
  const Models expected = alone.model(one, fit);
  fit.itemplate = 1;
  EXPECT_EQ(fitter.model(one, fit), expected);
}

INSTANTIATE_TEST_SUITE_P(Templates, Model,
                         testing::Values(Case{"Pca", FitMethod::pca, IgmModel::none, 0.33},
                                         Case{"Nmf", FitMethod::nmf, IgmModel::none, 0.33},
                                         Case{"PcaInForest", FitMethod::pca, IgmModel::inoue14, 2.8},
                                         Case{"NmfInForest", FitMethod::nmf, IgmModel::kamble20, 2.8}),
                         [](const auto& info) { return info.param.name; });

TEST(ModelOfArchetypes, IsThatOfItsArchetypesAndPolynomials) {
  Random random(610);
  const Template tmpl =
      invent_template("QSO", FitMethod::pca, 3, test::even_redshifts(2.75, 0.02, 5), random, IgmModel::inoue14);
  const Template kinds = invent_template("QSO", FitMethod::nmf, 11, tmpl.redshifts, random);
  const Archetypes set{"QSO", std::vector<std::string>(11, "K"), kinds.wave, kinds.basis};
  const Target target = invent_target(common, invent_grids(), tmpl, {1, 1, 1}, 2.79, random);
  const double z = 2.7937;
  const auto lights = test::observe_plainly(set.wave, set.flux, z, tmpl.igm, invent_grids());
  const auto polynomials = test::legendre_plainly(3, invent_grids());
  Zfit fit;
  fit.method = FitMethod::archetype;
  fit.z = z;
  fit.archetypes = {9, 2};
  fit.coeff = {1.25, 0.5};
  for (const bool per_camera : {true, false}) {
    fit.legcoeff = per_camera ? Values{1, 2, 3, 4, 5, 6, 7, 8, 9} : Values{-1, 0.5, 2};
    test::Light light = sum({lights[9], lights[2]}, fit.coeff);
    for (std::size_t band = 0; band < 3; ++band)
      for (std::size_t p = 0; p < light[band].size(); ++p)
        for (std::size_t k = 0; k < 3; ++k)
          light[band][p] += fit.legcoeff[per_camera ? band * 3 + k : k] * polynomials[k][band][p];
    const ArchetypeSettings settings{2, 3, per_camera, 0.1};
    const HostFitter fitter(invent_grids(), {tmpl}, {.archetypes = settings}, {set});
    expect_models(fitter.model(target, fit), target, light, 50);
  }
}

TEST(ModelOfArchetypes, HasTheChi2ThatItsFitSays) {
  Random random(611);
  const Template tmpl = invent_template("GALAXY", FitMethod::pca, 3, test::even_redshifts(0.31, 0.002, 15), random);
  const Template kinds = invent_template("GALAXY", FitMethod::nmf, 5, tmpl.redshifts, random);
  const Archetypes set{"GALAXY", std::vector<std::string>(5, "K"), kinds.wave, kinds.basis};
  const Target target = invent_target({{2, 11}, {0, 5}}, invent_grids(), tmpl, {1, 1, 1}, 0.32, random);
  HostFitter fitter(invent_grids(), {tmpl}, {}, {set});
  fitter.set_targets({&target, 1});
  const auto fits = fitter.refine(0, test::scan_slices(fitter, 0, {0}, false).chi2)[0];
  ASSERT_FALSE(fits.empty());
  for (const Zfit& fit : fits) expect_chi2(fitter.model(target, fit), target, fit);
}

}  // namespace
}  // namespace zspex::kernels
