// The pieces of a scan on one backend or on two: the host, a device (here the host with memory of its own), and a GPU's kernels.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "kernels/base/emulated_device.hpp"
#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/invented_redshift.hpp"

namespace zspex::kernels {
namespace {

using test::invent_coeff;
using test::invent_grids;
using test::invent_target;
using test::invent_template;
using test::Random;
using test::Shape;
using test::Zscan;

const Shape shapes[] = {
    {{0, 5}, {1, 7}, {2, 11}}, {{2, 3}, {0, 9}}, {{1, 1}}, {{0, 5}, {0, 7}, {1, 11}, {2, 3}, {2, 5}}};

/// A fitter with targets of several shapes, one of them without a good pixel.
struct Problem {
  Template tmpl;
  std::vector<Target> targets;
  RedshiftFitter fitter;
  OwnTargets packed;

  Problem(const Template& t, bool mixed, bool teams, Random& random,
          std::size_t scan_workspace = FitSettings().scan_workspace)
      : tmpl(t), fitter(invent_grids(), {t}, {.mixed = mixed, .teams = teams, .scan_workspace = scan_workspace}) {
    for (int i = 0; i < 11; ++i)
      targets.push_back(invent_target(shapes[i % std::size(shapes)], invent_grids(), tmpl,
                                      invent_coeff(tmpl.nbasis(), random), tmpl.redshifts[2] + 0.002, random,
                                      i == 5 ? 1e-4 : 1));  // one where nearly all flux is explained: from residuals
    for (auto& spectrum : targets[7].spectra) spectrum.ivar.assign(spectrum.ivar.size(), 0);
    packed = fitter.pack(targets);
    fitter.set_targets(packed.packed, packed.arrays(), true);
  }

  int nz() const { return static_cast<int>(tmpl.redshifts.size()); }
  Zscan room(std::size_t ntarget) const {
    const std::size_t n = tmpl.redshifts.size(), nbasis = static_cast<std::size_t>(tmpl.nbasis());
    return {Array2<double>({ntarget, n}), Array2<double>({ntarget, n}), Array3<float>({ntarget, n, nbasis})};
  }
  ScanRows rows(Zscan& scan, std::size_t first = 0) const {
    return {first, tmpl.redshifts.size(), scan.chi2.data(), scan.penalty.data(), scan.coeff.data()};
  }
  /// Scans all targets on one backend, in slices of three redshifts and a rest, two slices in turn.
  Zscan scan(BackendKind kind) {
    Zscan scan = room(targets.size());
    FitBackend& backend = fitter.backend(kind);
    const Values slices[] = {backend.allocate(fitter.slice_size(0, 3)), backend.allocate(fitter.slice_size(0, 3))};
    for (int first = 0, turn = 0; first < nz(); first += 3, turn = 1 - turn) {
      const int n = std::min(3, nz() - first);
      backend.rebin(0, first, n, slices[turn]);
      backend.scan(0, first, n, slices[turn], {0, targets.size()}, rows(scan));
    }
    backend.finish();
    return scan;
  }
};

template <class A, class B>
bool same_bits(const A& a, const B& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(*a.data())) == 0;
}

void expect_same(const Zscan& a, const Zscan& b) {
  EXPECT_TRUE(same_bits(a.chi2, b.chi2));
  EXPECT_TRUE(same_bits(a.penalty, b.penalty));
  EXPECT_TRUE(same_bits(a.coeff, b.coeff));
}

/// Each fit as the plain second way finds it, within what rounding may change.
void expect_plain_fits(const Problem& problem, const Zscan& scan, bool mixed) {
  const auto rounding = test::rounding_of(mixed);
  for (std::size_t i = 0; i < problem.targets.size(); ++i)
    for (std::size_t iz = 0; iz < problem.tmpl.redshifts.size(); ++iz) {
      SCOPED_TRACE("target " + std::to_string(i) + ", redshift " + std::to_string(iz));
      const auto plain =
          test::fit_plainly(problem.targets[i], invent_grids(), problem.tmpl, problem.tmpl.redshifts[iz]);
      ASSERT_EQ(scan.chi2(i, iz) == no_chi2, !plain.solved);
      ASSERT_NEAR(scan.chi2(i, iz), static_cast<double>(plain.chi2), plain.chi2_error(rounding));
      ASSERT_NEAR(scan.penalty(i, iz), static_cast<double>(test::penalty_plainly(problem.tmpl, plain.coeff)),
                  test::penalty_error(problem.tmpl, plain, rounding));
      for (std::size_t b = 0; b < plain.coeff.size(); ++b) {
        const double c = static_cast<double>(plain.coeff[b]);
        ASSERT_NEAR(scan.coeff(i, iz, b), c, plain.coeff_error(b, rounding) + 0x1p-24 * std::fabs(c)) << b;
      }
    }
}

struct Case {
  const char* name;
  FitMethod method;
  int nbasis;
  IgmModel igm;
  bool mixed;
};

class FitBackends : public testing::TestWithParam<Case> {
 protected:
  Template tmpl(Random& random) const {
    const bool far = GetParam().igm != IgmModel::none;
    return invent_template(far ? "QSO" : "GALAXY", GetParam().method, GetParam().nbasis,
                           test::even_redshifts(far ? 2.6 : 0.3, 0.0101, 7), random, GetParam().igm);
  }
};

/// Whether the device gives the host's bits: it is the host then, with the host's kernels.
bool gives_same_bits(bool teams) { return !teams && !needs_device(); }

TEST_P(FitBackends, ADeviceThatIsTheHostGivesTheHostsBits) {
  if (!gives_same_bits(false)) GTEST_SKIP() << "the device is a GPU";
  Random random(501);
  Problem problem(tmpl(random), GetParam().mixed, false, random);
  expect_same(problem.scan(BackendKind::device), problem.scan(BackendKind::host));
}

TEST_P(FitBackends, TeamsOfThreadsGiveThePlainFits) {
  Random random(502);
  Problem problem(tmpl(random), GetParam().mixed, true, random);
  const Zscan teams = problem.scan(BackendKind::device);
  expect_plain_fits(problem, teams, GetParam().mixed);
  EXPECT_EQ(teams.chi2(7, 0), no_chi2) << "no good pixel";
}

/// Streams of an emulated device that are late, all combinations of the backend's three.
class LateStreams {
 public:
  explicit LateStreams(unsigned bits) { EmulatedDevice::set_late_streams(bits); }
  ~LateStreams() { EmulatedDevice::set_late_streams(0); }
};
constexpr unsigned all_late = 7;

TEST_P(FitBackends, TheSameBitsComeWhateverStreamIsLate) {
  if (needs_device()) GTEST_SKIP() << "streams of a GPU run as they like";
  Random random(507);
  const Template made = tmpl(random);
  std::optional<Zscan> first;
  for (const std::size_t scan_workspace :
       {FitSettings().scan_workspace, std::size_t{1}})  // all targets in one launch, or one at a time
    for (unsigned late = 0; late <= all_late; ++late) {
      const LateStreams streams(late);
      Random same(508);
      Problem problem(made, GetParam().mixed, true, same, scan_workspace);
      SCOPED_TRACE("late streams " + std::to_string(late) + ", workspace " + std::to_string(scan_workspace));
      const Zscan scan = problem.scan(BackendKind::device);
      if (!first) {
        expect_plain_fits(problem, scan, GetParam().mixed);
        first = scan;
      }
      expect_same(scan, *first);
      if (HasFailure()) return;
    }
}

TEST_P(FitBackends, HalvesOfAScanMakeTheWhole) {
  Random random(503);
  for (const bool teams : {false, true}) {
    Problem problem(tmpl(random), GetParam().mixed, teams, random);
    const Zscan whole = problem.scan(BackendKind::host);
    Zscan halves = problem.room(problem.targets.size());
    FitBackend &host = problem.fitter.backend(BackendKind::host), &device = problem.fitter.backend(BackendKind::device);
    const int nz = problem.nz();
    const std::size_t size = 3 * problem.fitter.columns_size(0, nz);
    const Values slice = host.allocate(problem.fitter.slice_size(0, nz)), here = host.allocate(size),
                 there = device.allocate(size);
    host.rebin(0, 0, nz, slice);
    for (std::size_t i = 0; i < problem.targets.size(); ++i) {
      problem.fitter.convolve(0, nz, slice, i, here);
      device.copy_in(there, here);
      device.fit_columns(0, 0, nz, slice, there, i, problem.rows(halves));
    }
    device.finish();
    if (gives_same_bits(teams))
      expect_same(halves, whole);
    else
      expect_plain_fits(problem, halves, GetParam().mixed);
  }
}

TEST_P(FitBackends, RowsOfAFewTargetsAreThoseOfAll) {
  Random random(504);
  for (const bool teams : {false, true}) {
    Problem problem(tmpl(random), GetParam().mixed, teams, random);
    const Zscan all = problem.scan(BackendKind::device);
    FitBackend& backend = problem.fitter.backend(BackendKind::device);
    const Values slice = backend.allocate(problem.fitter.slice_size(0, problem.nz()));
    Zscan some = problem.room(4);
    backend.rebin(0, 0, problem.nz(), slice);
    backend.scan(0, 0, problem.nz(), slice, {3, 4}, problem.rows(some, 3));
    backend.finish();
    for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(same_bits(some.chi2.row(i), all.chi2.row(3 + i))) << i;
  }
}

TEST_P(FitBackends, GroupsAreFittedAlikeOnBothBackends) {
  Random random(505);
  for (const bool teams : {false, true}) {
    Problem problem(tmpl(random), GetParam().mixed, teams, random);
    const double z = problem.tmpl.redshifts[3];
    std::vector<FitGroup> groups(4);
    groups[0] = {0, {z, z + 0.0007, z + 0.0013}, {0, 4, 8, 2}, {}, {}};
    groups[1] = {0, {z - 0.005}, {5}, {}, {}};
    groups[2] = {0, {99.0}, {1, 3}, {}, {}};  // beyond the template
    groups[3] = {0, {z, z + 0.001}, {7, 6}, {}, {}};
    auto others = groups;
    problem.fitter.backend(BackendKind::host).fit_groups(groups);
    problem.fitter.backend(BackendKind::device).fit_groups(others);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      ASSERT_EQ(groups[g].chi2.size(), others[g].chi2.size());
      for (std::size_t i = 0; i < groups[g].chi2.size(); ++i) {
        if (gives_same_bits(teams)) {
          ASSERT_EQ(groups[g].chi2[i], others[g].chi2[i]);
        }
        ASSERT_NEAR(groups[g].chi2[i], others[g].chi2[i], 1e-10 * groups[g].chi2[i]) << g << " " << i;
      }
      for (std::size_t i = 0; i < groups[g].coeff.size(); ++i)
        ASSERT_NEAR(groups[g].coeff[i], others[g].coeff[i], 1e-6 * (1 + std::fabs(groups[g].coeff[i])))
            << g << " " << i;
    }
    for (const double c : others[2].coeff) EXPECT_EQ(c, 0) << "beyond the template";
    EXPECT_EQ(others[3].chi2[0], no_chi2) << "no good pixel";
  }
}

TEST_P(FitBackends, RefinementFindsTheSameMinimaOnBothBackends) {
  Random random(506);
  for (const bool teams : {false, true}) {
    Problem problem(tmpl(random), GetParam().mixed, teams, random);
    const Zscan scan = problem.scan(BackendKind::host);
    const std::size_t nz = problem.tmpl.redshifts.size();
    const Array2<double> chi2({9, nz}, {scan.chi2.data() + 2 * nz, scan.chi2.data() + 11 * nz});
    const std::vector<CoarseScan> scans{{0, {2, 9}, chi2}};
    const auto host = problem.fitter.refine(BackendKind::host, scans)[0],
               device = problem.fitter.refine(BackendKind::device, scans)[0];
    ASSERT_EQ(host.size(), 9u);
    ASSERT_EQ(device.size(), 9u);
    for (std::size_t i = 0; i < host.size(); ++i) {
      ASSERT_EQ(host[i].size(), device[i].size()) << i;
      EXPECT_EQ(host[i].empty(), i == 5) << "target 7 has no good pixel";
      for (std::size_t k = 0; k < host[i].size(); ++k) {
        if (gives_same_bits(teams)) {
          EXPECT_EQ(host[i][k].z, device[i][k].z);
        }
        EXPECT_NEAR(host[i][k].z, device[i][k].z, 1e-9) << i;
        EXPECT_NEAR(host[i][k].chi2, device[i][k].chi2, 1e-8 * host[i][k].chi2) << i;
        EXPECT_EQ(host[i][k].zwarn, device[i][k].zwarn);
        EXPECT_EQ(host[i][k].npixels, device[i][k].npixels);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, FitBackends,
                         testing::Values(Case{"One", FitMethod::pca, 1, IgmModel::none, true},
                                         Case{"Four", FitMethod::pca, 4, IgmModel::kamble20, true},
                                         Case{"FiveDouble", FitMethod::pca, 5, IgmModel::none, false},
                                         Case{"Eleven", FitMethod::pca, 11, IgmModel::calura12, true},
                                         Case{"NonNegative", FitMethod::nmf, 6, IgmModel::none, true},
                                         Case{"NonNegativeDouble", FitMethod::nmf, 3, IgmModel::inoue14, false},
                                         Case{"Fourteen", FitMethod::pca, 14, IgmModel::none, false},
                                         Case{"TwentyMixed", FitMethod::pca, 20, IgmModel::inoue14, true}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace zspex::kernels
