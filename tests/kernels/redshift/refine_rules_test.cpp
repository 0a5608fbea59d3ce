// The rules of refinement one by one, on spectra of lines: a template of a single line has a minimum of chi^2 at each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "kernels/redshift/fitter.hpp"
#include "kernels/redshift/prior.hpp"
#include "kernels/redshift/redshift_grid.hpp"
#include "tests/kernels/support/invalid.hpp"
#include "tests/kernels/support/invented_redshift.hpp"

namespace zspex::kernels {
namespace {

using test::HostFitter;
using test::Zscan;

using Fits = std::vector<Zfit>;
using Values = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

struct Line {
  double z, height;
};

/// The redshift at a velocity from another one.
double at(double z, double velocity_km_s) { return z + (1 + z) * velocity_km_s / light_speed_km_s; }

/// Lines of sigma 100 km/s at 3000 Angstrom, on one band without resolution. Far from all lines chi^2 is that of no model.
class Lines {
 public:
  Lines(Values redshifts, const std::vector<Line>& lines, const std::string& spectype = "GALAXY") : wave_(876) {
    for (std::size_t i = 0; i < wave_.size(); ++i) wave_[i] = 3700 + 0.8 * static_cast<double>(i);
    tmpl_.spectype = spectype;
    tmpl_.redshifts = std::move(redshifts);
    for (int i = 0; i <= 5600; ++i) tmpl_.wave.push_back(2400 + 0.25 * i);
    tmpl_.basis = Array2<double>({1, tmpl_.wave.size()});
    for (std::size_t j = 0; j < tmpl_.wave.size(); ++j)
      tmpl_.basis(0, j) = std::exp(-0.5 * std::pow((tmpl_.wave[j] - 3000) / 3000 * light_speed_km_s / 100, 2));
    TargetSpectrum spectrum;
    spectrum.ndiag = 1;
    spectrum.resolution.assign(wave_.size(), 1);
    spectrum.ivar.assign(wave_.size(), 100);
    spectrum.flux.assign(wave_.size(), 0);
    for (const Line& line : lines) {
      const auto light = test::observe_plainly(tmpl_.wave, tmpl_.basis, line.z, IgmModel::none, {wave_});
      for (std::size_t p = 0; p < wave_.size(); ++p)
        spectrum.flux[p] += line.height * static_cast<double>(light[0][0][p]);
    }
    target_.spectra = {spectrum};
  }

  const Values& redshifts() const { return tmpl_.redshifts; }
  std::size_t index(double z) const {
    return static_cast<std::size_t>(std::find(redshifts().begin(), redshifts().end(), z) - redshifts().begin());
  }
  /// Of the scan itself.
  Values scan() const {
    const Zscan scan = test::scan_slices(fitter({}), 0, {0}, false);
    return Values(scan.chi2.begin(), scan.chi2.end());
  }
  /// A scan with minima at some redshifts of the grid and nowhere else: NaN is none.
  Values planted(const std::vector<std::pair<double, double>>& minima) const {
    Values chi2(redshifts().size(), nan);
    for (const auto& [z, value] : minima)
      for (const std::size_t i : {index(z) - 1, index(z) + 1})
        if (i < chi2.size()) chi2[i] = 100;
    for (const auto& [z, value] : minima) chi2.at(index(z)) = value;
    return chi2;
  }
  Fits refine(const Values& chi2, const FitSettings& settings) const {
    const test::AllowInvalid allow;
    return fitter(settings).refine(0, Array2<double>({1, chi2.size()}, chi2))[0];
  }

 private:
  HostFitter fitter(const FitSettings& settings) const {
    HostFitter fitter({wave_}, {tmpl_}, settings);
    fitter.set_targets({&target_, 1});
    return fitter;
  }

  Values wave_;
  Template tmpl_;
  Target target_;
};

/// Redshifts of fits in growing order, each as the number of the line it is at; -1 for none.
std::vector<int> lines_found(const Fits& fits, const std::vector<Line>& lines) {
  std::vector<int> found;
  for (const Zfit& fit : fits) {
    int which = -1;
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (std::fabs(fit.z - lines[i].z) < 1e-5) which = static_cast<int>(i);
    found.push_back(which);
  }
  std::sort(found.begin(), found.end());
  return found;
}
using Found = std::vector<int>;

// --- minima near each other

class Near : public testing::TestWithParam<const char*> {
 protected:
  double limit() const { return std::string(GetParam()) == "STAR" ? 100 : 1000; }
};

/// Line 0 at 0.35, line 1 1500 km/s further, line 2 far away. The scan has minima at line 0, `first_point` km/s off, at
/// `velocity` from line 0, with line 1 between its neighbors, and at line 2: refined in this order.
Found refine_beside(const std::string& spectype, double velocity, double first_point = 0, int nminima = 2) {
  const std::vector<Line> lines = {{0.35, 3}, {at(0.35, 1500), 5}, {0.40, 1}};
  const double a = at(0.35, first_point), c = at(0.35, velocity), d = lines[2].z;
  const Lines world(
      {0.30, 0.32, at(a, -90), a, at(0.35, 60), c, at(0.35, 1900), 0.37, at(d, -300), d, at(d, 300), 0.41, 0.42}, lines,
      spectype);
  return lines_found(world.refine(world.planted({{a, 1}, {c, 2}, {d, 3}}), {.nminima = nminima}), lines);
}

TEST_P(Near, APointOfTheScanCloserThanTheLimitIsPassedOver) {
  EXPECT_EQ(refine_beside(GetParam(), limit() - 1), (Found{0, 2})) << "and doesn't count as a minimum";
  EXPECT_EQ(refine_beside(GetParam(), limit() + 1), (Found{0, 1}));
  EXPECT_EQ(refine_beside(GetParam(), limit() + 1, 0, 3), (Found{0, 1, 2}));
  EXPECT_EQ(refine_beside(GetParam(), limit() + 1, 0, 1), (Found{0}));
}

TEST_P(Near, TheDistanceIsToWhereTheOtherMinimumWasFound) {
  EXPECT_EQ(refine_beside(GetParam(), limit() - 10, -30), (Found{0, 2}));
  EXPECT_EQ(refine_beside(GetParam(), limit() + 10, 30), (Found{0, 1}));
}

INSTANTIATE_TEST_SUITE_P(Types, Near, testing::Values("STAR", "GALAXY", "QSO"),
                         [](const auto& info) { return std::string(info.param); });

TEST(RefineRules, AMinimumThatTurnsOutCloserThanTheLimitIsDropped) {
  for (const double velocity : {700.0, 1300.0, -700.0, -1300.0}) {
    // The scan's minimum is at 2000 km/s, line 1 nearer.
    const std::vector<Line> lines = {{0.35, 1}, {at(0.35, velocity), 4}, {0.40, 1}};
    const double sign = velocity > 0 ? 1 : -1, a = lines[0].z, c = at(a, sign * 2000), d = lines[2].z;
    Values grid = {0.30, 0.32,        at(a, -300), a,          at(a, 300), c, at(a, sign * 2500),
                   0.37, at(d, -300), d,           at(d, 300), 0.41};
    std::sort(grid.begin(), grid.end());
    const Lines world(grid, lines);
    const auto chi2 = world.planted({{a, 1}, {c, 2}, {d, 3}});
    const bool apart = std::fabs(velocity) > 1000;
    EXPECT_EQ(lines_found(world.refine(chi2, {.nminima = 3, .npoints = 41}), lines),
              apart ? (Found{0, 1, 2}) : (Found{0, 2}));
    EXPECT_EQ(lines_found(world.refine(chi2, {.nminima = 2, .npoints = 41}), lines),
              apart ? (Found{0, 1}) : (Found{0, 2}))
        << "what is dropped doesn't count as a minimum";
  }
}

TEST(RefineRules, OfTwoNearMinimaTheLowerOneOfTheScanIsTaken) {
  const std::vector<Line> lines = {{0.35, 3}, {at(0.35, 800), 5}};
  const double a = lines[0].z, b = lines[1].z;
  const Lines world({0.32, 0.33, at(a, -300), a, at(a, 300), b, at(b, 300), 0.37, 0.38}, lines);
  EXPECT_EQ(lines_found(world.refine(world.planted({{a, 1}, {b, 2}}), {.nminima = 1}), lines), (Found{0}));
  EXPECT_EQ(lines_found(world.refine(world.planted({{a, 2}, {b, 1}}), {.nminima = 1}), lines), (Found{1}));
}

TEST(RefineRules, TheResultIsInTheOrderOfTheFineScan) {
  const std::vector<Line> lines = {{0.33, 3}, {0.36, 5}, {0.39, 4}};
  const Lines world({0.31, 0.32, at(0.33, -300), 0.33, at(0.33, 300), at(0.36, -300), 0.36, at(0.36, 300),
                     at(0.39, -300), 0.39, at(0.39, 300), 0.40, 0.41},
                    lines);
  const Fits found = world.refine(world.planted({{0.33, 1}, {0.36, 2}, {0.39, 3}}), {});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_NEAR(found[0].z, 0.36, 1e-6);
  EXPECT_NEAR(found[1].z, 0.39, 1e-6);
  EXPECT_NEAR(found[2].z, 0.33, 1e-6);
  for (const Zfit& fit : found) {
    EXPECT_EQ(fit.zwarn, 0);
    // All lines but its own remain; each weighs as its height squared times its width.
    const double own = std::pow(fit.coeff[0], 2) * (1 + fit.z), all = 9 * 1.33 + 25 * 1.36 + 16 * 1.39;
    EXPECT_NEAR(fit.model_chi2 / fit.null_chi2, 1 - own / all, 1e-3);
  }
  EXPECT_NEAR(found[0].coeff[0], 5, 1e-4);
}

// --- ends of the grid

TEST(RefineRules, AtTheEndsOfTheGridHalfTheSpanIsLookedAt) {
  const Values grid = test::even_redshifts(0.35, at(0.35, 300) - 0.35, 9);
  for (const bool upper : {false, true}) {
    const double end = upper ? grid[8] : grid[0], next = upper ? grid[7] : grid[1];
    const double truth = (end + next) / 2;
    const Lines world(grid, {{truth, 2}, {0.44, 1}});
    const Fits found = world.refine(world.planted({{end, 1}}), {.nminima = 1, .npoints = 11});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].zz.size(), 11u);
    EXPECT_EQ(found[0].zz.front(), std::min(end, next));
    EXPECT_EQ(found[0].zz.back(), std::max(end, next));
    EXPECT_NEAR(found[0].z, truth, 1e-6);
    EXPECT_EQ(found[0].zwarn, zwarn::z_fitlimit) << "a good vertex, but beyond the last point but one";
  }
}

TEST(RefineRules, TheFitLimitIsTheSecondPointFromEachEnd) {
  const Values grid = test::even_redshifts(0.35, at(0.35, 300) - 0.35, 9);
  for (const double off : {-60.0, 60.0}) {
    for (const std::size_t i : {1u, 7u}) {
      const Lines world(grid, {{at(grid[i], off), 2}, {0.44, 1}});
      const Fits found = world.refine(world.planted({{grid[i], 1}}), {.nminima = 1});
      ASSERT_EQ(found.size(), 1u);
      EXPECT_NEAR(found[0].z, at(grid[i], off), 1e-5);
      const bool beyond = i == 1 ? off < 0 : off > 0;
      EXPECT_EQ(found[0].zwarn, beyond ? zwarn::z_fitlimit : 0) << "point " << i << ", " << off << " km/s from it";
    }
  }
}

TEST(RefineRules, OutsideOfTheFineScanTheLeastPointIsTakenAndTheFitThere) {
  // The line is 40 km/s beyond the interval, where the parabola still points at it.
  const Values grid = test::even_redshifts(0.35, at(0.35, 300) - 0.35, 9);
  for (const double side : {-1.0, 1.0}) {
    const double end = side > 0 ? grid[5] : grid[3];
    const Lines world(grid, {{at(end, side * 40), 2}, {0.44, 1}});
    const Fits found = world.refine(world.planted({{grid[4], 1}}), {.nminima = 1});
    ASSERT_EQ(found.size(), 1u);
    const Zfit& fit = found[0];
    EXPECT_EQ(fit.zwarn, zwarn::bad_minfit);
    EXPECT_EQ(fit.z, end);
    EXPECT_EQ(fit.chi2, side > 0 ? fit.zzchi2.back() : fit.zzchi2.front());
    EXPECT_NEAR(fit.model_chi2, fit.chi2, 1e-9 * fit.chi2) << "coefficients belong to this redshift";
    // Two lines of sigma 100 at 40 km/s from each other overlap by exp(-40^2 / 4 / 100^2).
    EXPECT_NEAR(fit.coeff[0], 2 * std::exp(-0.04), 5e-3);
    EXPECT_GT(fit.zerr, 0) << "of the parabola";
  }
}

TEST(RefineRules, AParabolaThatOpensDownwardsIsBadWhereverItsVertexIs) {
  // 120 km/s from a line of sigma 100 chi^2 still rises, but less and less: the vertex is a maximum, 270 km/s further.
  const Values grid = test::even_redshifts(0.35, at(0.35, 300) - 0.35, 9);
  const Lines world(grid, {{at(grid[3], -120), 2}, {0.44, 1}});
  const Fits found = world.refine(world.planted({{grid[4], 1}}), {.nminima = 1});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_GT(found[0].z, found[0].zz[2]);
  EXPECT_LT(found[0].z, found[0].zz[14]);
  EXPECT_EQ(found[0].zwarn, zwarn::bad_minfit);
  EXPECT_GT(found[0].zerr, 0);
}

TEST(RefineRules, AVertexBeyondTheFitLimitCountsWhereverTheRedshiftIs) {
  // z is the second point of the grid, the vertex below it.
  const Values grid = test::even_redshifts(0.35, at(0.35, 300) - 0.35, 9);
  const Lines world(grid, {{at(grid[1], -40), 2}, {0.44, 1}});
  const Fits found = world.refine(world.planted({{grid[2], 1}}), {.nminima = 1});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].z, grid[1]);
  EXPECT_EQ(found[0].zwarn, zwarn::bad_minfit | zwarn::z_fitlimit);
}

// --- priors

TEST(RefineRules, WallsOfAPriorKeepMinimaInsideAndChangeNoChi2) {
  const std::vector<Line> lines = {{0.34, 3}, {0.355, 2}};
  const Lines world(test::even_redshifts(0.3311, 4e-4, 75), lines);
  const Values scan = world.scan();
  const Fits all = world.refine(scan, {});
  ASSERT_GE(all.size(), 2u);
  EXPECT_NEAR(all[0].z, 0.34, 1e-6);
  for (const bool adaptive : {false, true}) {
    Values inside = scan;
    ASSERT_TRUE(add_prior(PriorFunction::tophat, 0.356, 0.01, world.redshifts(), inside));
    const Fits found = world.refine(inside, {.adaptive = adaptive});
    ASSERT_FALSE(found.empty());
    EXPECT_NEAR(found[0].z, 0.355, 1e-6);
    EXPECT_EQ(found[0].zwarn, 0);
    for (const Zfit& fit : found) EXPECT_NEAR(fit.z, 0.356, 0.005 + 4e-4);
    if (!adaptive) {
      EXPECT_EQ(found[0].chi2, all[1].chi2);
      EXPECT_EQ(found[0].zzchi2, all[1].zzchi2);
    }
  }
}

TEST(RefineRules, AWindowThatBeginsWithTheGridKeepsItsMinima) {
  const Lines world(test::even_redshifts(0.3311, 4e-4, 75), {{0.3325, 3}, {0.355, 2}});
  for (const bool adaptive : {false, true}) {
    Values chi2 = world.scan();
    ASSERT_TRUE(add_prior(PriorFunction::tophat, 0.3311, 0.01, world.redshifts(), chi2));
    ASSERT_EQ(chi2[0], infinity);
    const Fits found = world.refine(chi2, {.adaptive = adaptive});
    ASSERT_FALSE(found.empty());
    EXPECT_NEAR(found[0].z, 0.3325, 1e-5);
  }
}

TEST(RefineRules, WithoutAnyChi2ThereAreNoMinima) {
  const Lines world(test::even_redshifts(0.3311, 4e-4, 75), {{0.34, 3}});
  for (const bool adaptive : {false, true}) EXPECT_TRUE(world.refine(Values(75, nan), {.adaptive = adaptive}).empty());
}

TEST(RefineRules, ASmoothPriorChoosesWhichMinimaAreRefined) {
  const std::vector<Line> lines = {{0.34, 3}, {0.355, 2}};
  const Lines world(test::even_redshifts(0.3311, 4e-4, 75), lines);
  for (const bool adaptive : {false, true}) {
    Values chi2 = world.scan();
    EXPECT_EQ(lines_found(world.refine(chi2, {.nminima = 1, .adaptive = adaptive}), lines), (Found{0}));
    add_prior(PriorFunction::gaussian, 0.355, 1e-4, world.redshifts(), chi2);
    const Fits found = world.refine(chi2, {.nminima = 1, .adaptive = adaptive});
    EXPECT_EQ(lines_found(found, lines), (Found{1}));
    EXPECT_NEAR(found.at(0).chi2, found.at(0).zzchi2[7], 0.05 * found.at(0).chi2) << "without the prior";
  }
}

// --- a closer look first

/// Steps of the scan, km/s: four times the sigma of a line.
constexpr double coarse_step = 400;

/// A strong line half way between two points of a coarse scan, and three weaker ones on its points.
struct HiddenLine {
  Values grid = test::even_redshifts(0.33, at(0.33, coarse_step) - 0.33, 40);
  std::vector<Line> lines = {{(grid[20] + grid[21]) / 2, 2}, {grid[5], 1}, {grid[12], 1.1}, {grid[30], 1.2}};
  Lines world = Lines(grid, lines);
};

TEST(AdaptiveRefine, FindsANarrowLineBetweenTwoPointsThatTheReferenceMisses) {
  const HiddenLine hidden;
  const Values scan = hidden.world.scan();
  const Fits missed = hidden.world.refine(scan, {.nminima = 3});
  EXPECT_EQ(lines_found(missed, hidden.lines), (Found{1, 2, 3}));
  const Fits found = hidden.world.refine(scan, {.nminima = 3, .adaptive = true});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_NEAR(found[0].z, hidden.lines[0].z, 1e-6);
  EXPECT_NEAR(found[0].coeff[0], 2, 1e-3);
  EXPECT_EQ(found[0].zwarn, 0);
  EXPECT_LT(found[0].chi2, 0.6 * missed[0].chi2);
  EXPECT_EQ(lines_found(found, hidden.lines), (Found{0, 2, 3})) << "and the best of the others";
  // The fine scan spans two of the closer steps.
  EXPECT_NEAR(found[0].zz.back() - found[0].zz.front(), (hidden.grid[21] - hidden.grid[20]) * 2 / 3, 1e-12);
}

TEST(AdaptiveRefine, LooksAtTheLowestCandidatesOnly) {
  const HiddenLine hidden;
  const Values scan = hidden.world.scan();
  EXPECT_EQ(lines_found(hidden.world.refine(scan, {.nminima = 1, .adaptive = true, .ncandidates = 3}), hidden.lines),
            (Found{3}));
  EXPECT_EQ(lines_found(hidden.world.refine(scan, {.nminima = 1, .adaptive = true, .ncandidates = 5}), hidden.lines),
            (Found{0}));
}

TEST(AdaptiveRefine, KeepsWhatAPriorHasAdded) {
  const HiddenLine hidden;
  Values chi2 = hidden.world.scan();
  const double all = *std::max_element(chi2.begin(), chi2.end());
  for (std::size_t i = 0; i < chi2.size(); ++i)
    if (i < 25) chi2[i] += 2 * all;  // a prior against all lines but the last
  EXPECT_EQ(lines_found(hidden.world.refine(chi2, {.nminima = 1, .adaptive = true}), hidden.lines), (Found{3}));
}

TEST(AdaptiveRefine, LooksBetweenTheOutermostPointsToo) {
  for (const bool upper : {false, true}) {
    HiddenLine hidden;
    const double z = upper ? (hidden.grid[38] + hidden.grid[39]) / 2 : (hidden.grid[0] + hidden.grid[1]) / 2;
    hidden.lines[0].z = z;
    hidden.world = Lines(hidden.grid, hidden.lines);
    Values scan = hidden.world.scan();
    scan[upper ? 39 : 0] -= 1e-3;  // of the two points beside the line the outer one
    const Fits found = hidden.world.refine(scan, {.nminima = 1, .adaptive = true});
    ASSERT_EQ(lines_found(found, hidden.lines), (Found{0}));
    EXPECT_EQ(found[0].zwarn, zwarn::z_fitlimit);
  }
}

TEST(AdaptiveRefine, OfWideMinimaIsTheReferences) {
  const std::vector<Line> lines = {{0.34, 3}, {0.355, 2}, {0.348, 1}};
  const Lines world(test::even_redshifts(0.3311, 1e-4, 300), lines);
  const Fits reference = world.refine(world.scan(), {}), adaptive = world.refine(world.scan(), {.adaptive = true});
  ASSERT_EQ(reference.size(), adaptive.size());
  for (std::size_t i = 0; i < reference.size(); ++i) {
    EXPECT_NEAR(adaptive[i].z, reference[i].z, 1e-8);
    EXPECT_NEAR(adaptive[i].chi2, reference[i].chi2, 1e-3);
    EXPECT_EQ(adaptive[i].zwarn, reference[i].zwarn);
  }
}

}  // namespace
}  // namespace zspex::kernels
