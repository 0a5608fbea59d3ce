#include "kernels/redshift/rank_fits.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "kernels/redshift/minima.hpp"

namespace zspex::kernels {
namespace {

using Fits = std::vector<Zfit>;
using Names = std::vector<std::string>;

/// A minimum with more pixels than it needs. `subtype` tells rows apart.
Zfit row(const std::string& spectype, double z, double chi2, const std::string& subtype = "", int zwarn = 0) {
  Zfit fit;
  fit.spectype = spectype;
  fit.subtype = subtype;
  fit.z = z;
  fit.chi2 = chi2;
  fit.zwarn = zwarn;
  fit.npixels = 1000;
  fit.ncoeff = 5;
  fit.coeff = {1, 2, 3, 4, 5};
  return fit;
}

Fits ranked(Fits fits, int nminima = 9) { return rank_fits(std::move(fits), nminima, 1000); }

Names subtypes(const Fits& fits) {
  Names names;
  for (const Zfit& fit : fits) names.push_back(fit.subtype);
  return names;
}

std::vector<double> deltas(const Fits& fits) {
  std::vector<double> values;
  for (const Zfit& fit : fits) values.push_back(fit.deltachi2);
  return values;
}

std::vector<bool> with_bit(const Fits& fits, int bit) {
  std::vector<bool> values;
  for (const Zfit& fit : fits) values.push_back((fit.zwarn & bit) != 0);
  return values;
}
std::vector<bool> small(const Fits& fits) { return with_bit(fits, zwarn::small_delta_chi2); }

/// The least z (>= 0) that is at least `velocity` km/s from 0, and the largest below it, as the code that is tested sees.
double first_at(double velocity) {
  double z = velocity / light_speed_km_s;
  while (velocity_km_s(z, 0) >= velocity) z = std::nextafter(z, 0);
  while (velocity_km_s(z, 0) < velocity) z = std::nextafter(z, 1);
  return z;
}
double last_below(double velocity) { return std::nextafter(first_at(velocity), 0); }

TEST(RankFits, ResultsThatAreNotFiniteAreNoFits) {
  const double inf = HUGE_VAL, large = 1e60;  // no float32 holds it
  const std::vector<std::function<void(Zfit&)>> spoil = {[&](Zfit& fit) { fit.zerr = inf; },
                                                         [&](Zfit& fit) { fit.chi2 = large; },
                                                         [&](Zfit& fit) { fit.model_chi2 = inf; },
                                                         [&](Zfit& fit) { fit.coeff[3] = -large; },
                                                         [&](Zfit& fit) { fit.coeff[0] = std::nan(""); },
                                                         [&](Zfit& fit) {
                                                           fit.zzchi2 = {1, inf, 2};
                                                         },
                                                         [&](Zfit& fit) {
                                                           fit.coeff = {0, 1e-50, -1e-48, 0, 0};
                                                         },
                                                         [&](Zfit& fit) { fit.legcoeff = {inf}; },
                                                         [&](Zfit& fit) { fit.pca_coeff = {inf}; },
                                                         [&](Zfit& fit) { fit.z = std::nan(""); }};
  for (std::size_t i = 0; i < spoil.size(); ++i) {
    Zfit bad = row("GALAXY", 1, 50, "bad");
    spoil[i](bad);
    const Fits fits = ranked({bad, row("GALAXY", 2, 100, "good")});
    EXPECT_EQ(subtypes(fits), (Names{"good", "bad"})) << i;
    EXPECT_EQ(fits[0].zwarn, 0) << i;
    EXPECT_EQ(fits[1].zwarn & zwarn::bad_minfit, zwarn::bad_minfit) << i;
    for (const Zfit& fit : fits) {
      for (const double value : {fit.z, fit.zerr, fit.chi2, fit.deltachi2, fit.model_chi2})
        EXPECT_TRUE(std::isfinite(static_cast<float>(value))) << i;
      for (const auto& list : {fit.coeff, fit.zzchi2, fit.legcoeff, fit.pca_coeff})
        for (const double value : list) EXPECT_TRUE(std::isfinite(static_cast<float>(value))) << i;
    }
  }
}

// --- order

TEST(RankFits, PutsTheLeastChi2First) {
  const Fits fits = ranked({row("GALAXY", 1, 300, "c"), row("QSO", 2, 100, "a"), row("STAR", 0, 200, "b")});
  EXPECT_EQ(subtypes(fits), (Names{"a", "b", "c"}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fits[i].znum, i);
}

TEST(RankFits, PutsAnyBadFitBehindAnyGoodOne) {
  using namespace zwarn;
  for (const int bit : {negative_model, many_outliers, z_fitlimit, negative_emission, bad_minfit}) {
    const Fits fits = ranked({row("GALAXY", 1, 1, "bad", bit), row("GALAXY", 2, 1e6, "good"),
                              row("GALAXY", 3, 0.5, "worse", bit | poordata)});
    EXPECT_EQ(subtypes(fits), (Names{"good", "worse", "bad"})) << "bit " << bit;
  }
}

TEST(RankFits, DoesNotCallOtherBitsBad) {
  using namespace zwarn;
  for (const int bit : {sky, little_coverage, small_delta_chi2, unplugged, bad_target, nodata, poordata, 1 << 16})
    EXPECT_EQ(subtypes(ranked({row("GALAXY", 2, 2, "clean"), row("GALAXY", 1, 1, "flagged", bit)})),
              (Names{"flagged", "clean"}))
        << "bit " << bit;
}

TEST(RankFits, KeepsTheOrderOfEquals) {
  EXPECT_EQ(subtypes(ranked({row("STAR", 0, 5, "M"), row("QSO", 2, 5, "HIZ"), row("GALAXY", 1, 5, "g"),
                             row("STAR", 0.001, 5, "A"), row("QSO", 1, 4, "LOZ")})),
            (Names{"LOZ", "M", "HIZ", "g", "A"}));
}

// --- trimming

TEST(RankFits, KeepsSoManyOfEachSpectralTypeWhateverTheirSubtypes) {
  const Fits fits = ranked({row("STAR", 0, 1, "s1"), row("STAR", 0.001, 2, "s2"), row("STAR", 0.002, 3, "s3"),
                            row("GALAXY", 1, 4, "g1"), row("QSO", 2, 5, "q1"), row("GALAXY", 3, 6, "g2")},
                           2);
  EXPECT_EQ(subtypes(fits), (Names{"s1", "s2", "g1", "q1", "g2"}));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fits[i].znum, i);
}

TEST(RankFits, CountsBadFitsToo) {
  const Fits fits = ranked({row("GALAXY", 1, 1, "bad1", zwarn::bad_minfit), row("GALAXY", 2, 9, "good"),
                            row("GALAXY", 3, 2, "bad2", zwarn::z_fitlimit)},
                           2);
  EXPECT_EQ(subtypes(fits), (Names{"good", "bad1"}));
}

TEST(RankFits, RegroupsEqualsByTypeOnlyWhenARowIsLeftOut) {
  const Fits fits = {row("STAR", 0, 5, "s1"), row("QSO", 1, 5, "q1"), row("GALAXY", 2, 5, "g1"),
                     row("STAR", 0.01, 5, "s2")};
  EXPECT_EQ(subtypes(ranked(fits, 2)), (Names{"s1", "q1", "g1", "s2"})) << "as they came";
  EXPECT_EQ(subtypes(ranked(fits, 1)), (Names{"g1", "q1", "s1"})) << "alphabetical";
  // A bad row at the end is enough.
  Fits more = fits;
  more.push_back(row("STAR", 0.02, 1, "s3", zwarn::bad_minfit));
  EXPECT_EQ(subtypes(ranked(more, 2)), (Names{"g1", "q1", "s1", "s2"}));
}

TEST(RankFits, ComparesOnlyWhatItKeeps) {
  // The third GALAXY would have been the nearest.
  const Fits fits = ranked({row("GALAXY", 1, 100), row("GALAXY", 2, 150), row("GALAXY", 3, 104)}, 2);
  EXPECT_EQ(deltas(fits), (std::vector<double>{4, 0}));
  const Fits trimmed = ranked({row("GALAXY", 1, 100), row("GALAXY", 2, 108), row("QSO", 3, 190)}, 1);
  EXPECT_EQ(deltas(trimmed), (std::vector<double>{90, 0}));
  EXPECT_EQ(small(trimmed), (std::vector<bool>{false, false}));
}

// --- DELTACHI2

TEST(DeltaChi2, IsTheStepToTheNextRowBelow) {
  EXPECT_EQ(deltas(ranked({row("GALAXY", 1, 100), row("QSO", 2, 130), row("GALAXY", 3, 250)})),
            (std::vector<double>{30, 120, 0}));
}

TEST(DeltaChi2, PassesOverRowsWithinTheVelocityLimitAndAtIt) {
  const auto first_delta = [](double z) {
    return deltas(ranked({row("GALAXY", 0, 100), row("QSO", z, 130), row("GALAXY", 3, 250)}))[0];
  };
  const double at = first_at(1000), beyond = std::nextafter(at, 1);
  ASSERT_EQ(velocity_km_s(at, 0), 1000);
  ASSERT_GT(velocity_km_s(beyond, 0), 1000);
  EXPECT_EQ(first_delta(last_below(1000)), 150);
  EXPECT_EQ(first_delta(at), 150);
  EXPECT_EQ(first_delta(beyond), 30);
  EXPECT_EQ(first_delta(-beyond), 30);
}

TEST(DeltaChi2, OfStarsHasALimitOf100AndOfTwoTypesTheSmaller) {
  const double between = 500 / light_speed_km_s, inside = last_below(100), outside = first_at(100) * (1 + 1e-9);
  EXPECT_EQ(deltas(ranked({row("STAR", 0, 100), row("STAR", between, 130)}))[0], 30);
  EXPECT_EQ(deltas(ranked({row("STAR", 0, 100), row("GALAXY", between, 130)}))[0], 30);
  EXPECT_EQ(deltas(ranked({row("QSO", 0, 100), row("STAR", between, 130)}))[0], 30);
  EXPECT_EQ(deltas(ranked({row("QSO", 0, 100), row("GALAXY", between, 130)}))[0], 0);
  EXPECT_EQ(deltas(ranked({row("STAR", 0, 100), row("GALAXY", inside, 130)}))[0], 0);
  EXPECT_EQ(deltas(ranked({row("STAR", 0, 100), row("GALAXY", outside, 130)}))[0], 30);
}

TEST(DeltaChi2, MeasuresVelocitiesFromItsOwnRow) {
  // A step a little above 1000 km/s as seen from its lower end, and a little below as seen from its upper end.
  const double step = 2 * 1000 / light_speed_km_s, upper = 1 + step * (1 + 0.2 * step);
  ASSERT_GT(velocity_km_s(upper, 1), 1000);
  ASSERT_GT(velocity_km_s(1, upper), -1000);
  EXPECT_EQ(deltas(ranked({row("GALAXY", 1, 100), row("GALAXY", upper, 130)}))[0], 30);
  EXPECT_EQ(deltas(ranked({row("GALAXY", upper, 100), row("GALAXY", 1, 130)}))[0], 0);
}

TEST(DeltaChi2, IsToLaterGoodRowsOnly) {
  const Fits fits = ranked({row("GALAXY", 1, 100), row("GALAXY", 2, 120), row("GALAXY", 3, 90, "", zwarn::bad_minfit),
                            row("GALAXY", 4, 130, "", zwarn::z_fitlimit)});
  EXPECT_EQ(deltas(fits), (std::vector<double>{20, 0, 0, 0})) << "bad ones neither count nor get one";
  EXPECT_EQ(deltas(ranked({row("GALAXY", 1, 100)})), (std::vector<double>{0}));
}

TEST(DeltaChi2, MayBeZeroForAnEqual) {
  EXPECT_EQ(deltas(ranked({row("GALAXY", 1, 100), row("GALAXY", 2, 100), row("GALAXY", 3, 150)})),
            (std::vector<double>{0, 50, 0}));
}

// --- SMALL_DELTA_CHI2

TEST(SmallDeltaChi2, IsBelow9) {
  EXPECT_EQ(small(ranked({row("GALAXY", 1, 100), row("GALAXY", 2, 109)})), (std::vector<bool>{false, false}));
  const double below = std::nextafter(109, 0);
  EXPECT_EQ(small(ranked({row("GALAXY", 1, 100), row("GALAXY", 2, below)})), (std::vector<bool>{true, true}));
  EXPECT_EQ(small(ranked({row("GALAXY", 1, 100), row("GALAXY", 2, 120), row("GALAXY", 3, 125)})),
            (std::vector<bool>{false, true, true}))
      << "every row, and earlier ones too";
}

TEST(SmallDeltaChi2, BeginsExactlyAtTheVelocityLimit) {
  for (const double velocity : {1000.0, 100.0}) {
    const std::string type = velocity == 100 ? "STAR" : "GALAXY";
    const double at = first_at(velocity), inside = last_below(velocity);
    ASSERT_EQ(velocity_km_s(at, 0), velocity) << "where DELTACHI2 doesn't begin yet";
    EXPECT_TRUE(small(ranked({row(type, 0, 100), row("GALAXY", at, 101)}))[0]) << velocity;
    EXPECT_TRUE(small(ranked({row(type, 0, 100), row("GALAXY", -at, 101)}))[0]) << velocity;
    EXPECT_FALSE(small(ranked({row(type, 0, 100), row("GALAXY", inside, 101)}))[0]) << velocity;
    EXPECT_FALSE(small(ranked({row(type, 0, 100), row("GALAXY", -inside, 101)}))[0]) << velocity;
  }
}

TEST(SmallDeltaChi2, IsToGoodRowsButAlsoOfBadOnes) {
  const Fits fits = ranked({row("GALAXY", 1, 100), row("GALAXY", 2, 102, "", zwarn::bad_minfit),
                            row("GALAXY", 3, 300, "", zwarn::bad_minfit)});
  EXPECT_EQ(small(fits), (std::vector<bool>{false, true, false}));
  const Fits bad = ranked({row("GALAXY", 1, 100, "", zwarn::bad_minfit), row("GALAXY", 2, 102, "", zwarn::bad_minfit)});
  EXPECT_EQ(small(bad), (std::vector<bool>{false, false}));
}

// --- coverage

TEST(LittleCoverage, IsFewerThanTenPixelsACoefficient) {
  Fits fits = {row("GALAXY", 1, 1), row("STAR", 0, 2), row("QSO", 2, 3)};
  fits[0].npixels = fits[1].npixels = fits[2].npixels = 40;
  fits[0].ncoeff = 5;
  fits[1].ncoeff = 4;
  fits[2].ncoeff = 10;
  EXPECT_EQ(with_bit(rank_fits(fits, 3, 40), zwarn::little_coverage), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(with_bit(rank_fits(fits, 3, 40), zwarn::nodata), (std::vector<bool>{false, false, false}));
  EXPECT_EQ(subtypes(rank_fits(fits, 3, 40)).size(), 3u);
}

TEST(RankFits, GivesATargetWithoutDataOneRowThatIsTheSameEverywhere) {
  // What came from the constant chi^2 of such a target doesn't matter.
  for (const Fits& fits : {Fits{}, Fits{row("STAR", 0.0008, no_chi2, "A"), row("QSO", 2, no_chi2)}}) {
    const Fits found = rank_fits(fits, 3, 0);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].z, 0);
    EXPECT_EQ(found[0].zerr, 0);
    EXPECT_EQ(found[0].spectype, "GALAXY");
    EXPECT_EQ(found[0].subtype, "");
    EXPECT_EQ(found[0].method, FitMethod::none);
    EXPECT_EQ(found[0].chi2, no_chi2);
    EXPECT_EQ(found[0].deltachi2, 0);
    EXPECT_EQ(found[0].npixels, 0);
    EXPECT_EQ(found[0].znum, 0);
    EXPECT_EQ(found[0].zwarn, zwarn::nodata | zwarn::little_coverage);
  }
}

TEST(RankFits, GivesATargetWithoutMinimaABadRow) {
  const Fits found = rank_fits({}, 3, 7958);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].z, 0);
  EXPECT_EQ(found[0].spectype, "GALAXY");
  EXPECT_EQ(found[0].method, FitMethod::none);
  EXPECT_EQ(found[0].chi2, no_chi2);
  EXPECT_EQ(found[0].npixels, 7958);
  EXPECT_EQ(found[0].zwarn, zwarn::bad_minfit);
}

// --- what the fiber says

TEST(FlagFiber, TakesTheBitsOfAFiberOnItsTarget) {
  using namespace zwarn;
  for (int bit = 0; bit < 32; ++bit) {
    Fits fits = {row("QSO", 2, 100, "HIZ", small_delta_chi2), row("STAR", 0, 200, "M")};
    flag_fiber(fits, {"TGT", std::int64_t{1} << bit});
    int expected = 0;
    bool reset = false;
    if (bit == 0) expected = nodata, reset = true;              // UNASSIGNED
    if (bit == 2) expected = nodata | unplugged, reset = true;  // BROKENFIBER
    if (bit == 9) expected = nodata, reset = true;              // BADPOSITION
    if (bit == 10) expected = poordata;                         // POORPOSITION
    if (bit >= 22 && bit <= 24) expected = little_coverage;     // BADAMPB, BADAMPR, BADAMPZ
    EXPECT_EQ(fits[0].zwarn, expected | small_delta_chi2) << "bit " << bit;
    EXPECT_EQ(fits[1].zwarn, expected) << "bit " << bit << ", every row";
    EXPECT_EQ(fits[0].spectype, reset ? "GALAXY" : "QSO") << "bit " << bit;
    EXPECT_EQ(fits[0].z, reset ? 0 : 2) << "bit " << bit;
  }
}

TEST(FlagFiber, AddsUpAllThatIsWrong) {
  using namespace zwarn;
  Fits fits = {row("QSO", 2, 100)};
  flag_fiber(fits, {"TGT", 1 << 2 | 1 << 10 | 1 << 23});
  EXPECT_EQ(fits[0].zwarn, nodata | unplugged | poordata | little_coverage);
}

TEST(FlagFiber, KnowsSkyAndBadTargets) {
  Fits target = {row("QSO", 2, 100)}, sky = target, bad = target, blank = target;
  flag_fiber(target, {});
  EXPECT_EQ(target[0].zwarn, 0);
  flag_fiber(sky, {"SKY", 0});
  EXPECT_EQ(sky[0].zwarn, zwarn::sky);
  EXPECT_EQ(sky[0].z, 2) << "a sky fiber's redshift stays";
  flag_fiber(bad, {"BAD", 0});
  EXPECT_EQ(bad[0].zwarn, zwarn::bad_target | zwarn::nodata);
  EXPECT_EQ(bad[0].z, 0);
  flag_fiber(blank, {"", 0});
  EXPECT_EQ(blank[0].zwarn, zwarn::bad_target | zwarn::nodata);
}

TEST(FlagFiber, ResetsAFitOffItsTargetAndKeepsItsNumbers) {
  Fits fits = ranked({row("QSO", 2, 100, "HIZ"), row("STAR", 0.001, 120, "M")});
  for (Zfit& fit : fits) {
    fit.zerr = 1e-4;
    fit.model_chi2 = 99;
    fit.null_chi2 = 5000;
    fit.legcoeff = {0.5, -0.5};
  }
  const Fits before = fits;
  flag_fiber(fits, {"TGT", 1 << 9});
  ASSERT_EQ(fits.size(), 2u);
  for (int i : {0, 1}) {
    EXPECT_EQ(fits[i].z, 0);
    EXPECT_EQ(fits[i].spectype, "GALAXY");
    EXPECT_EQ(fits[i].subtype, "");
    EXPECT_EQ(fits[i].method, FitMethod::none);
    EXPECT_EQ(fits[i].coeff, std::vector<double>(5, 0.0)) << "as many as before";
    EXPECT_EQ(fits[i].legcoeff, std::vector<double>(2, 0.0));
    EXPECT_EQ(fits[i].model_chi2, 5000) << "that of no model";
    EXPECT_EQ(fits[i].chi2, before[i].chi2);
    EXPECT_EQ(fits[i].zerr, 1e-4);
    EXPECT_EQ(fits[i].ncoeff, 5);
    EXPECT_EQ(fits[i].npixels, 1000);
    EXPECT_EQ(fits[i].znum, i);
    EXPECT_EQ(fits[i].deltachi2, before[i].deltachi2);
  }
}

}  // namespace
}  // namespace zspex::kernels
