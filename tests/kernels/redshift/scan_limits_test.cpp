// Scans where something is missing, too large or too small, and what a fitter refuses.
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

using test::invent_grids;
using test::invent_template;
using test::Random;
using test::scan_slices;
using test::Shape;
using Targets = std::vector<Target>;

const Shape common = {{0, 5}, {1, 7}, {2, 11}};
const std::vector<double> redshifts = test::even_redshifts(0.3, 0.0101, 5);

Zscan scan(const Template& tmpl, const Targets& targets, bool mixed) {
  HostFitter fitter(invent_grids(), {tmpl}, {.mixed = mixed});
  fitter.set_targets(targets);
  return scan_slices(fitter);
}

struct Case {
  const char* name;
  FitMethod method;
  bool mixed;
};

class ScanLimits : public testing::TestWithParam<Case> {
 protected:
  explicit ScanLimits(std::uint64_t seed = 300) : random_(seed) {
    tmpl_ = invent_template("GALAXY", GetParam().method, 4, redshifts, random_);
    for (int i = 0; i < 3; ++i) targets_.push_back(target());
  }
  Target target() {
    return test::invent_target(common, invent_grids(), tmpl_, test::invent_coeff(4, random_), 0.32, random_);
  }
  Zscan scan(const Template& tmpl, const Targets& targets) const {
    return kernels::scan(tmpl, targets, GetParam().mixed);
  }

  Random random_;
  Template tmpl_;
  Targets targets_;
};

void expect_no_fit(const Zscan& scan, std::size_t row) {
  for (std::size_t iz = 0; iz < redshifts.size(); ++iz) {
    EXPECT_EQ(scan.chi2(row, iz), no_chi2) << iz;
    EXPECT_EQ(scan.penalty(row, iz), 0) << iz;
    for (const float c : scan.coeff.row(row)) EXPECT_EQ(c, 0) << iz;
  }
}

TEST_P(ScanLimits, WithoutAnyGoodPixelThereIsNoFit) {
  for (auto& spectrum : targets_[1].spectra) spectrum.ivar.assign(spectrum.ivar.size(), 0);
  targets_.push_back({7, {}});  // without any spectrum
  const Zscan found = scan(tmpl_, targets_);
  expect_no_fit(found, 1);
  expect_no_fit(found, 3);
  for (const double chi2 : found.chi2.row(2)) EXPECT_LT(chi2, no_chi2);
}

TEST_P(ScanLimits, OneGoodPixelIsEnoughForOneVector) {
  Random random(301);
  const Template one = invent_template("GALAXY", GetParam().method, 1, redshifts, random);
  for (auto& spectrum : targets_[0].spectra) spectrum.ivar.assign(spectrum.ivar.size(), 0);
  targets_[0].spectra[1].ivar[262] = 4;
  targets_[0].spectra[1].flux[262] = 3;
  const Zscan found = scan(one, targets_);
  for (std::size_t iz = 0; iz < redshifts.size(); ++iz) {
    const auto plain = test::fit_plainly(targets_[0], invent_grids(), one, redshifts[iz]);
    EXPECT_NEAR(found.chi2(0, iz), static_cast<double>(plain.chi2), 1e-10);
    EXPECT_NEAR(found.coeff(0, iz, 0), static_cast<double>(plain.coeff[0]), 1e-5 * std::fabs(found.coeff(0, iz, 0)));
  }
}

TEST_P(ScanLimits, AVectorOfZerosIsSingularForPcaAndUselessForNmf) {
  Template dark = tmpl_;
  for (double& value : dark.basis.row(2)) value = 0;
  const Zscan found = scan(dark, targets_);
  if (GetParam().method == FitMethod::pca) {
    for (std::size_t i = 0; i < targets_.size(); ++i) expect_no_fit(found, i);
    return;
  }
  Template without = dark;
  without.basis = Array2<double>({3, dark.wave.size()});
  for (std::size_t b = 0; b < 3; ++b)
    std::copy_n(dark.basis.row(b < 2 ? b : 3).begin(), dark.wave.size(), without.basis.row(b).begin());
  const Zscan expected = scan(without, targets_);
  for (std::size_t i = 0; i < targets_.size(); ++i)
    for (std::size_t iz = 0; iz < redshifts.size(); ++iz) {
      EXPECT_NEAR(found.chi2(i, iz), expected.chi2(i, iz), 1e-9 * expected.chi2(i, iz));
      EXPECT_EQ(found.coeff(i, iz, 2), 0);
      EXPECT_NEAR(found.coeff(i, iz, 3), expected.coeff(i, iz, 2), 1e-6);
    }
}

TEST_P(ScanLimits, AVectorThatIsDarkWhereThereAreDataIsSingularToo) {
  // Light in the third band only, which this target doesn't have.
  Template dark = tmpl_;
  for (std::size_t j = 0; j < dark.wave.size(); ++j)
    if (dark.wave[j] * (1 + redshifts.front()) < 4250) dark.basis(2, j) = 0;
  targets_[1].spectra.pop_back();
  const Zscan found = scan(dark, targets_);
  if (GetParam().method == FitMethod::pca) expect_no_fit(found, 1);
  for (const double chi2 : found.chi2.row(1)) EXPECT_GT(chi2, 0);
  for (const double chi2 : found.chi2.row(0)) EXPECT_LT(chi2, no_chi2);
}

TEST_P(ScanLimits, FluxAndTemplatesMayHaveAnyUnit) {
  // Powers of two near 1e-12 and 1e12: nothing rounds differently, so that every bit has to stay.
  const Zscan found = scan(tmpl_, targets_);
  for (const int flux_power : {-40, 0, 40}) {
    for (const int basis_power : {-40, 0, 40}) {
      for (const bool with_ivar : {false, true}) {
        SCOPED_TRACE("flux times 2^" + std::to_string(flux_power) + ", templates times 2^" +
                     std::to_string(basis_power) + (with_ivar ? ", ivar too" : ""));
        Targets targets = targets_;
        for (Target& target : targets)
          for (auto& spectrum : target.spectra) {
            for (double& flux : spectrum.flux) flux = std::ldexp(flux, flux_power);
            if (with_ivar)
              for (double& ivar : spectrum.ivar) ivar = std::ldexp(ivar, -2 * flux_power);
          }
        Template tmpl = tmpl_;
        for (double& value : tmpl.basis) value = std::ldexp(value, basis_power);
        const Zscan scaled = scan(tmpl, targets);
        for (std::size_t i = 0; i < targets.size(); ++i)
          for (std::size_t iz = 0; iz < redshifts.size(); ++iz) {
            ASSERT_EQ(scaled.chi2(i, iz), std::ldexp(found.chi2(i, iz), with_ivar ? 0 : 2 * flux_power));
            for (int b = 0; b < 4; ++b)
              ASSERT_EQ(scaled.coeff(i, iz, b), std::ldexp(found.coeff(i, iz, b), flux_power - basis_power));
          }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, ScanLimits,
                         testing::Values(Case{"PcaMixed", FitMethod::pca, true},
                                         Case{"PcaDouble", FitMethod::pca, false},
                                         Case{"NmfMixed", FitMethod::nmf, true},
                                         Case{"NmfDouble", FitMethod::nmf, false}),
                         [](const auto& info) { return info.param.name; });

// --- negative [OII]

/// A smooth vector, times a factor at one rest wavelength of the template's grid of half Angstrom.
Template oii_template(const std::string& spectype, FitMethod method, double wave, double value) {
  Template tmpl;
  tmpl.spectype = spectype;
  tmpl.method = method;
  tmpl.redshifts = redshifts;
  for (double w = 2500; w <= 3800; w += 0.5) tmpl.wave.push_back(w);
  tmpl.basis = Array2<double>({1, tmpl.wave.size()});
  for (std::size_t j = 0; j < tmpl.wave.size(); ++j)
    tmpl.basis(0, j) = tmpl.wave[j] == wave ? value : tmpl.wave[j] < 3700 ? 1 + 1e-4 * static_cast<double>(j) : 0;
  return tmpl;
}

/// The penalty of a target that is `coeff` times the template, which has light in one sample around [OII].
double penalty_of(const std::string& spectype, FitMethod method, double wave, double coeff, double value = 3) {
  Random random(310);
  const Template tmpl = oii_template(spectype, method, wave, value);
  const Target target = test::invent_target(common, invent_grids(), tmpl, {coeff}, redshifts[1], random, 0);
  return scan(tmpl, {target}, false).penalty(0, 1);
}

TEST(NegativeOii, CostsWhatTheModelLacksThere) {
  EXPECT_NEAR(penalty_of("GALAXY", FitMethod::pca, 3728, -2), 6, 1e-9);
  EXPECT_NEAR(penalty_of("GALAXY", FitMethod::pca, 3728, 2, -3), 6, 1e-9);
  EXPECT_EQ(penalty_of("GALAXY", FitMethod::pca, 3728, 2), 0) << "positive emission costs nothing";
}

TEST(NegativeOii, Is3724To3733AngstromWithBothEnds) {
  for (const double wave : {3724.0, 3728.5, 3733.0})
    EXPECT_NEAR(penalty_of("GALAXY", FitMethod::pca, wave, -2), 6, 1e-9) << wave;
  for (const double wave : {3723.5, 3733.5}) EXPECT_EQ(penalty_of("GALAXY", FitMethod::pca, wave, -2), 0) << wave;
}

TEST(NegativeOii, ConcernsGalaxiesFittedWithAnySignOnly) {
  EXPECT_EQ(penalty_of("QSO", FitMethod::pca, 3728, -2), 0);
  EXPECT_EQ(penalty_of("STAR", FitMethod::pca, 3728, -2), 0);
  EXPECT_EQ(penalty_of("GALAXY", FitMethod::nmf, 3728, 2, -3), 0);
}

TEST(NegativeOii, IsNoPartOfTheScansChi2) {
  Random random(311);
  const Template tmpl = oii_template("GALAXY", FitMethod::pca, 3728, 3),
                 other = oii_template("QSO", FitMethod::pca, 3728, 3);
  const Target target = test::invent_target(common, invent_grids(), tmpl, {-2}, redshifts[1], random);
  const Zscan found = scan(tmpl, {target}, false);
  EXPECT_GT(found.penalty(0, 1), 1);
  EXPECT_EQ(found.chi2, scan(other, {target}, false).chi2);
}

// --- what is refused

/// The message of the error that f() throws.
template <class F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const NumericsError& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected a NumericsError, found none";
  return "";
}

TEST(RedshiftFitter, RefusesATemplateThatDoesNotCoverABandAtAllItsRedshifts) {
  Random random(320);
  const Template tmpl = invent_template("STAR", FitMethod::pca, 2, redshifts, random);
  const HostFitter good(invent_grids(), {tmpl}, {});
  Template further = tmpl;
  further.redshifts.push_back(redshifts.back() + 0.02);  // the first samples move past 3600 Angstrom
  const std::string message = refusal([&] { HostFitter(invent_grids(), {tmpl, further}, {}); });
  EXPECT_NE(message.find("STAR"), std::string::npos) << message;
  EXPECT_NE(message.find("--zscan"), std::string::npos) << message;
  Template nearer = tmpl;
  nearer.redshifts.insert(nearer.redshifts.begin(), redshifts.front() - 0.02);
  refusal([&] { HostFitter(invent_grids(), {nearer}, {}); });
}

TEST(RedshiftFitter, RefusesMoreVectorsThanItCanSolveFor) {
  Random random(321);
  const Template most = invent_template("STAR", FitMethod::pca, 64, redshifts, random);
  const HostFitter good(invent_grids(), {most}, {});
  const Template more = invent_template("STAR", FitMethod::pca, 65, redshifts, random);
  EXPECT_NE(refusal([&] { HostFitter(invent_grids(), {more}, {}); }).find("65"), std::string::npos);
}

TEST(RedshiftFitter, RefusesTemplatesThatAFloatCannotScan) {
  Random random(323);
  for (const double scale : {1e38, 1e-38}) {
    Template far = invent_template("STAR", FitMethod::pca, 2, redshifts, random);
    for (double& value : far.basis) value *= scale;
    const HostFitter good(invent_grids(), {far}, {.mixed = false});
    EXPECT_NE(refusal([&] { HostFitter(invent_grids(), {far}, {.mixed = true}); }).find("--precision double"),
              std::string::npos);
  }
}

TEST(RedshiftFitter, PlansWithBytesThatGrowWithWhatTheyHold) {
  Random random(322);
  const Template tmpl = invent_template("STAR", FitMethod::pca, 2, redshifts, random);
  const HostFitter mixed(invent_grids(), {tmpl}, {.mixed = true}), all(invent_grids(), {tmpl}, {.mixed = false});
  EXPECT_EQ(all.slice_bytes(0, 3), 2 * mixed.slice_bytes(0, 3));
  EXPECT_GE(mixed.slice_bytes(0, 1), (101 + 263 + 149) * 2 * sizeof(float));
  EXPECT_EQ(all.columns_size(0, 3), 3 * mixed.columns_size(0, 1));
  EXPECT_GE(mixed.columns_size(0, 1), (101 + 263 + 149) * 2);
  for (int band = 0; band < 3; ++band) {
    EXPECT_GE(mixed.spectrum_size(band, 11).bytes(),
              invent_grids()[band].size() * (11 * sizeof(float) + 2 * sizeof(double)));
    EXPECT_GT(mixed.spectrum_size(band, 21).bytes(), mixed.spectrum_size(band, 11).bytes());
  }
}

}  // namespace
}  // namespace zspex::kernels
