#include "kernels/redshift/coadd_exposures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/kernels/support/invalid.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::kernels {
namespace {

using Values = std::vector<double>;
using Floats = std::vector<float>;
constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();

/// A spectrum as in a file. R is the identity unless it is told otherwise.
struct Raw {
  Floats flux, ivar, resolution;
  std::vector<std::uint32_t> mask;
  int ndiag = 1;
  Values wave;

  Raw(Floats flux_, Floats ivar_) : flux(std::move(flux_)), ivar(std::move(ivar_)), resolution(flux.size(), 1.0F) {
    for (std::size_t p = 0; p < flux.size(); ++p) wave.push_back(4000 + 0.8 * static_cast<double>(p));
  }
  TargetSpectrum masked(const PixelSettings& settings = {}, int band = 0) const {
    return mask_pixels({wave, flux, ivar, mask, resolution, ndiag}, band, settings);
  }
};

// --- pixels of an exposure

TEST(MaskPixels, KeepsGoodPixelsAsTheyAre) {
  Raw raw({1.1F, -2.2F, 3e-17F}, {0.3F, 4, 5e30F});
  raw.resolution = {9, 1, 2, 3, 4, 5, 6, 7, 8};
  raw.ndiag = 3;
  const TargetSpectrum found = raw.masked({}, 2);
  EXPECT_EQ(found.band, 2);
  EXPECT_EQ(found.ndiag, 3);
  EXPECT_EQ(found.flux, (Values{1.1F, -2.2F, 3e-17F}));
  EXPECT_EQ(found.ivar, (Values{0.3F, 4, 5e30F}));
  EXPECT_EQ(found.resolution, raw.resolution);
}

TEST(MaskPixels, WhereFluxIsNotFiniteItBecomesZeroWithoutWeight) {
  const test::AllowInvalid allow;
  const TargetSpectrum found = Raw({1, nan, infinity, -infinity, 5}, {1, 2, 3, 4, 5}).masked();
  EXPECT_EQ(found.flux, (Values{1, 0, 0, 0, 5}));
  EXPECT_EQ(found.ivar, (Values{1, 0, 0, 0, 5}));
}

TEST(MaskPixels, WhereIvarIsNotFiniteOrNotAboveZeroItBecomesZero) {
  const test::AllowInvalid allow;
  const TargetSpectrum found = Raw({1, 2, 3, 4, 5, 6, 7}, {1, nan, infinity, -infinity, -1e-30F, 0, 7}).masked();
  EXPECT_EQ(found.flux, (Values{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(found.ivar, (Values{1, 0, 0, 0, 0, 0, 7}));
}

TEST(MaskPixels, DoesNotBelieveFluxFarBelowZero) {
  // In units of sigma: -5, -5.00001, -5, -4.99999, +100.
  const TargetSpectrum found = Raw({-5, -5.00001F, -10, -9.99998F, 100}, {1, 1, 0.25F, 0.25F, 1}).masked();
  EXPECT_EQ(found.ivar, (Values{1, 0, 0.25, 0.25, 1})) << "strictly below";
  EXPECT_EQ(found.flux[1], -5.00001F) << "flux stays";
  const Raw raw({-2.5F, -1.5F, -1e-6F, 0, 1e-6F}, {1, 1, 1, 1, 1});
  EXPECT_EQ(raw.masked({.negflux_nsig = 2}).ivar, (Values{0, 1, 1, 1, 1}));
  EXPECT_EQ(raw.masked({.negflux_nsig = 0}).ivar, (Values{0, 0, 0, 1, 1}));
}

TEST(MaskPixels, DoesNotBelieveFluxFarAboveItsError) {
  const Raw raw({1e30F, 999999, 1.1e6F, 1, 2}, {1, 1, 1, 3e38F, 1});
  EXPECT_EQ(raw.masked().ivar, (Values{0, 1, 0, 0, 1}));
  EXPECT_EQ(raw.masked({.max_snr = 1.5}).ivar, (Values{0, 0, 0, 0, 0}));
  EXPECT_EQ(raw.masked({.max_snr = 0}).ivar, (Values{1, 1, 1, 3e38F, 1}));
}

TEST(MaskPixels, OfAnyMaskBitHaveNoWeight) {
  Raw raw({1, 2, 3, 4}, {1, 2, 3, 4});
  raw.mask = {0, 1, 0x80000000U, 0};
  EXPECT_EQ(raw.masked().ivar, (Values{1, 0, 0, 4}));
  EXPECT_EQ(raw.masked().flux, (Values{1, 2, 3, 4}));
  raw.mask.clear();
  EXPECT_EQ(raw.masked().ivar, (Values{1, 2, 3, 4})) << "no MASK at all";
}

TEST(MaskPixels, BesideABadResolutionLoseTheRowsItStandsInOnly) {
  // Element [k][j] is R[j - 1 + k][j].
  const test::AllowInvalid allow;
  const auto rows_lost = [](int k, int column, float value) {
    Raw raw({1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1});
    raw.ndiag = 3;
    raw.resolution.assign(3 * 7, 0.25F);
    raw.resolution[k * 7 + column] = value;
    const TargetSpectrum found = raw.masked();
    EXPECT_EQ(found.resolution[k * 7 + column], 0);
    EXPECT_EQ(std::count(found.resolution.begin(), found.resolution.end(), 0.25F), 20);
    std::vector<int> lost;
    for (int p = 0; p < 7; ++p)
      if (found.ivar[p] == 0) lost.push_back(p);
    return lost;
  };
  using Rows = std::vector<int>;
  EXPECT_EQ(rows_lost(0, 3, nan), (Rows{2}));
  EXPECT_EQ(rows_lost(1, 3, nan), (Rows{3}));
  EXPECT_EQ(rows_lost(2, 3, nan), (Rows{4}));
  EXPECT_EQ(rows_lost(2, 3, infinity), (Rows{4}));
  EXPECT_EQ(rows_lost(2, 3, -infinity), (Rows{4}));
  EXPECT_EQ(rows_lost(0, 1, nan), (Rows{0}));
  EXPECT_EQ(rows_lost(2, 5, nan), (Rows{6}));
  EXPECT_EQ(rows_lost(0, 0, nan), (Rows{})) << "stands outside of R";
  EXPECT_EQ(rows_lost(2, 6, nan), (Rows{})) << "stands outside of R";
}

TEST(MaskPixels, LeavesSkyLinesToTheCoadd) {
  Raw raw({1, 1, 1}, {1, 1, 1});
  raw.wave = {5570, 5577, 5590};
  EXPECT_EQ(raw.masked({.skymask = true}).ivar, (Values{1, 1, 1}));
}

// --- sky lines

TEST(MaskSky, TakesBothLinesWithTheirEnds) {
  const auto below = [](double x) { return std::nextafter(x, 0); };
  const auto above = [](double x) { return std::nextafter(x, 1e5); };
  const Values wave = {3600, below(5572), 5572, 5577, 5582, above(5582),
                       7000, below(9792), 9792, 9794, 9795, above(9795)};
  TargetSpectrum spectrum;
  spectrum.flux.assign(wave.size(), 2);
  spectrum.ivar.assign(wave.size(), 3);
  mask_sky(spectrum, wave);
  EXPECT_EQ(spectrum.ivar, (Values{3, 3, 0, 0, 0, 3, 3, 3, 0, 0, 0, 3}));
  EXPECT_EQ(spectrum.flux, Values(wave.size(), 2));
}

// --- rows of R

/// Flux 1 to n, ivar 1; R is told element by element with at(), row first.
TargetSpectrum spectrum_of(int nwave, int ndiag) {
  TargetSpectrum spectrum;
  spectrum.ndiag = ndiag;
  spectrum.resolution.assign(static_cast<std::size_t>(ndiag) * nwave, 0);
  for (int p = 0; p < nwave; ++p) spectrum.flux.push_back(p + 1);
  spectrum.ivar.assign(nwave, 1);
  return spectrum;
}

float& at(TargetSpectrum& spectrum, int row, int column) {
  const int nwave = static_cast<int>(spectrum.flux.size()), k = row - column + spectrum.ndiag / 2;
  return spectrum.resolution.at(static_cast<std::size_t>(k) * nwave + column);
}

float at(const TargetSpectrum& spectrum, int row, int column) {
  return at(const_cast<TargetSpectrum&>(spectrum), row, column);
}

/// The same kernel in each row; what falls off the ends is lost.
TargetSpectrum with_kernel(int nwave, const Floats& kernel) {
  TargetSpectrum spectrum = spectrum_of(nwave, static_cast<int>(kernel.size()));
  const int half = spectrum.ndiag / 2;
  for (int row = 0; row < nwave; ++row)
    for (int m = -half; m <= half; ++m)
      if (row + m >= 0 && row + m < nwave) at(spectrum, row, row + m) = kernel[m + half];
  return spectrum;
}

TEST(MaskOpenRows, AddsUpRowsAndNotColumns) {
  // Row 2 sums to 0.9, column 2 to 1.1.
  TargetSpectrum spectrum = spectrum_of(5, 3);
  for (int p = 0; p < 5; ++p) at(spectrum, p, p) = 1;
  at(spectrum, 2, 2) = 0.875F;
  at(spectrum, 2, 1) = 0.025F;
  at(spectrum, 1, 2) = 0.125F;
  at(spectrum, 3, 2) = 0.125F;
  mask_open_rows(spectrum);
  EXPECT_EQ(spectrum.ivar, (Values{1, 1, 0, 1, 1}));
  EXPECT_EQ(spectrum.flux, (Values{1, 2, 3, 4, 5}));
}

TEST(MaskOpenRows, KeepsRowsOf99PercentAndMore) {
  TargetSpectrum spectrum = spectrum_of(5, 1);
  const float limit = 0.99F;  // a little more than 0.99
  spectrum.resolution = {limit, std::nextafter(limit, 0.0F), 1, 1.3F, 0};
  mask_open_rows(spectrum);
  EXPECT_EQ(spectrum.ivar, (Values{1, 0, 1, 1, 0}));
}

TEST(MaskOpenRows, IgnoresWhatStandsOutsideOfTheMatrix) {
  TargetSpectrum spectrum = with_kernel(7, {0.25F, 0.5F, 0.25F});
  spectrum.resolution[0] = 5;       // R[-1][0]
  spectrum.resolution.back() = -5;  // R[7][6]
  mask_open_rows(spectrum);
  EXPECT_EQ(spectrum.ivar, (Values{0, 1, 1, 1, 1, 1, 0}));
}

// --- coadds

constexpr PixelSettings plain_settings{.skymask = false};

Values even_wave(std::size_t n, double first = 4000) {
  Values wave(n);
  for (std::size_t p = 0; p < n; ++p) wave[p] = first + 0.8 * static_cast<double>(p);
  return wave;
}

TEST(CoaddExposures, OfOneIsItselfWithoutWhatTouchesMaskedPixels) {
  TargetSpectrum one = with_kernel(13, {0.1F, 0.2F, 0.5F, 0.15F, 0.05F});
  one.band = 2;
  one.ivar[6] = 0;
  const TargetSpectrum found = coadd_exposures({&one, 1}, even_wave(13), plain_settings);
  EXPECT_EQ(found.band, 2);
  EXPECT_EQ(found.ndiag, 5);
  EXPECT_EQ(found.flux, one.flux) << "also where it is masked";
  // Rows that have lost 5 % and more of their sum: two at each end, and those that look at pixel 6, which has no weight.
  EXPECT_EQ(found.ivar, (Values{0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0}));
  for (int row = 0; row < 13; ++row)
    for (int column = std::max(0, row - 2); column <= std::min(12, row + 2); ++column)
      EXPECT_EQ(at(found, row, column), column == 6 ? 0 : at(one, row, column)) << row << ", " << column;
}

TEST(CoaddExposures, SpreadsAMaskedPixelAsFarAsTheRowsThatLookAtIt) {
  // Pixel p looks at p + 1 only: a masked pixel takes the one before it.
  TargetSpectrum one = with_kernel(7, {0, 0.5F, 0.5F});
  one.ivar[3] = 0;
  EXPECT_EQ(coadd_exposures({&one, 1}, even_wave(7), plain_settings).ivar, (Values{1, 1, 0, 0, 1, 1, 0}));
  TargetSpectrum other = with_kernel(7, {0.5F, 0.5F, 0});
  other.ivar[3] = 0;
  EXPECT_EQ(coadd_exposures({&other, 1}, even_wave(7), plain_settings).ivar, (Values{0, 1, 1, 0, 0, 1, 1}));
}

TEST(CoaddExposures, WeighsFluxByIvar) {
  std::vector<TargetSpectrum> exposures(3, with_kernel(3, {1}));
  exposures[0].flux = {1, 10, 5};
  exposures[1].flux = {2, 20, 6};
  exposures[2].flux = {6, -60, 13};
  exposures[0].ivar = {1, 4, 0};
  exposures[1].ivar = {2, 0, 0};
  exposures[2].ivar = {1, 1, 0};
  const TargetSpectrum found = coadd_exposures(exposures, even_wave(3), plain_settings);
  EXPECT_EQ(found.flux, (Values{11.0 / 4, -20.0 / 5, 24.0 / 3})) << "the last one without any weight: a plain mean";
  EXPECT_EQ(found.ivar, (Values{4, 5, 0}));
}

TEST(CoaddExposures, WeighsTheResolutionByTheIvarOfItsColumns) {
  test::Random random(41);
  constexpr int nwave = 11, ndiag = 5;
  std::vector<TargetSpectrum> exposures(3, spectrum_of(nwave, ndiag));
  for (auto& one : exposures) {
    for (float& value : one.resolution) value = static_cast<float>(random.uniform(0.1, 0.4));
    for (double& value : one.ivar) value = random.uniform(0.1, 3);
  }
  exposures[1].ivar[4] = 0;
  for (auto& one : exposures) one.ivar[8] = 0;
  const TargetSpectrum found = coadd_exposures(exposures, even_wave(nwave), plain_settings);
  for (int row = 0; row < nwave; ++row) {
    for (int column = std::max(0, row - 2); column <= std::min(nwave - 1, row + 2); ++column) {
      double sum = 0, weight = 0;
      for (const auto& one : exposures) {
        sum += one.ivar[column] * at(one, row, column);
        weight += one.ivar[column];
      }
      const double expected = weight > 0 ? sum / weight : 0;
      EXPECT_NEAR(at(found, row, column), expected, 0x1p-23 * expected) << "seed 41, " << row << ", " << column;
    }
  }
}

TEST(CoaddExposures, OfAPixelThatOneExposureHasLostKeepsItsNeighbors) {
  std::vector<TargetSpectrum> exposures(2, with_kernel(11, {0.25F, 0.5F, 0.25F}));
  exposures[1].ivar[5] = 0;
  EXPECT_EQ(coadd_exposures(exposures, even_wave(11), plain_settings).ivar, (Values{0, 2, 2, 2, 2, 1, 2, 2, 2, 2, 0}));
}

TEST(CoaddExposures, MasksSkyLinesWithoutTheirNeighbors) {
  const TargetSpectrum one = with_kernel(13, {0.25F, 0.5F, 0.25F});
  Values wave = even_wave(13, 5569.5);  // 5571.9 and 5572.7 around the lower end
  EXPECT_EQ(coadd_exposures({&one, 1}, wave, {.skymask = true}).ivar, (Values{0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(coadd_exposures({&one, 1}, wave, {.skymask = true}).resolution,
            coadd_exposures({&one, 1}, wave, {.skymask = false}).resolution);
  EXPECT_EQ(coadd_exposures({&one, 1}, wave, {.skymask = false}).ivar, (Values{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}));
}

// --- cosmic rays

/// Exposures of the same slope with ivar 1, R a kernel of three pixels.
std::vector<TargetSpectrum> exposures_of(std::size_t n, int nwave) {
  return std::vector<TargetSpectrum>(n, with_kernel(nwave, {0.25F, 0.5F, 0.25F}));
}

TargetSpectrum reject(const std::vector<TargetSpectrum>& exposures, double nsig = 5) {
  return coadd_exposures(exposures, even_wave(exposures[0].flux.size()), {.cosmics_nsig = nsig, .skymask = false});
}

TEST(CosmicRays, OfOneExposureAreTakenOutOfTheMean) {
  auto exposures = exposures_of(4, 11);
  exposures[2].flux[5] += 1000;
  const TargetSpectrum found = reject(exposures), clean = reject(exposures_of(4, 11));
  EXPECT_EQ(found.flux, clean.flux);
  // The step up and the step down each cost the exposure a pixel.
  EXPECT_EQ(found.ivar, (Values{0, 4, 4, 4, 4, 3, 3, 4, 4, 4, 0}));
  EXPECT_NEAR(reject(exposures, 0).flux[5], 6 + 250, 1e-12) << "0: no rejection";
}

TEST(CosmicRays, TakeTheResolutionOfTheirExposureAlong) {
  auto exposures = exposures_of(3, 11);
  exposures[1].flux[5] += 1000;
  EXPECT_EQ(reject(exposures).resolution, exposures[0].resolution) << "what is left is divided by what is left";
  exposures[1].resolution = with_kernel(11, {0.125F, 0.5F, 0.375F}).resolution;
  const TargetSpectrum found = reject(exposures);
  for (const int column : {4, 5, 6, 7}) {
    const bool lost = column == 5 || column == 6;
    EXPECT_NEAR(at(found, column - 1, column), lost ? 0.25 : (0.25 + 0.375 + 0.25) / 3, 0x1p-24) << column;
    EXPECT_NEAR(at(found, column + 1, column), lost ? 0.25 : (0.25 + 0.125 + 0.25) / 3, 0x1p-24) << column;
  }
}

TEST(CosmicRays, AreNotWhatAllExposuresShow) {
  auto exposures = exposures_of(3, 23);
  for (auto& one : exposures) {
    for (int p = 7; p < 23; ++p) one.flux[p] += 1e4;  // a break
    one.flux[15] += 1e5;                              // a line
  }
  EXPECT_EQ(reject(exposures).ivar, coadd_exposures(exposures, even_wave(23), plain_settings).ivar);
  EXPECT_EQ(reject(exposures).flux, exposures[0].flux);
}

TEST(CosmicRays, AreStepsWhoseChi2IsAboveTheLimitSquared) {
  // Two exposures of ivar 4 whose steps differ by d: weights (1/4 + 1/4)^-1 = 2, chi^2 = 2 * 2 (d/2)^2 / 1 = d^2.
  const auto ivar_after = [](double d, std::size_t which, std::size_t ndead = 0) {
    auto exposures = exposures_of(2 + ndead, 7);
    for (std::size_t e = 0; e < exposures.size(); ++e) exposures[e].ivar.assign(7, e < 2 ? 4 : 0);
    for (int p = 3; p < 7; ++p) exposures[which].flux[p] += d;
    return reject(exposures, 3).ivar;
  };
  EXPECT_EQ(ivar_after(3, 0), (Values{0, 8, 8, 8, 8, 8, 0})) << "not above";
  EXPECT_EQ(ivar_after(3.0001, 0), (Values{0, 8, 8, 4, 8, 8, 0}));
  EXPECT_EQ(ivar_after(-3.0001, 1), (Values{0, 8, 8, 4, 8, 8, 0}));
  EXPECT_EQ(ivar_after(3.0001, 1, 2), (Values{0, 8, 8, 4, 8, 8, 0})) << "exposures without data don't count";
}

TEST(CosmicRays, AreJudgedByTheMeanOfTheirOwnPixelsSteps) {
  // Three exposures of ivar 2, but 8 in two pixels of the last: weights 1, 1, 4 of the step between these; steps 1, 1,
  // 1 + d, their mean 1 + 2 d/3; chi^2 = (2 (2 d/3)^2 + 4 (d/3)^2) / 2 = 2 d^2 / 3.
  auto exposures = exposures_of(3, 7);
  for (auto& one : exposures) one.ivar.assign(7, 2);
  exposures[2].ivar[2] = exposures[2].ivar[3] = 8;
  const auto with_step = [&](double d) {
    auto changed = exposures;
    for (int p = 3; p < 7; ++p) changed[2].flux[p] += d;
    return reject(changed, 4).ivar;
  };
  EXPECT_EQ(with_step(std::sqrt(24) - 1e-6), (Values{0, 6, 12, 12, 6, 6, 0}));
  const Values lost = with_step(std::sqrt(24) + 1e-6);
  EXPECT_LT(lost[3], 12);
  EXPECT_EQ(lost[2], 12);
}

TEST(CosmicRays, OfATieCostTheFirstExposure) {
  auto exposures = exposures_of(2, 5);
  for (int p = 2; p < 5; ++p) exposures[1].flux[p] += 100;
  const TargetSpectrum found = reject(exposures);
  EXPECT_EQ(found.ivar[2], 1);
  EXPECT_EQ(found.flux[2], exposures[1].flux[2]);
}

TEST(CosmicRays, AreSeenBesideMaskedPixelsOnLinesAcrossThem) {
  // Pixels 4 and 5 of the first exposure are masked and hold nonsense: they are judged on the line from 3 to 6.
  auto exposures = exposures_of(3, 11);
  for (auto& one : exposures)
    for (double& value : one.flux) value *= 100;
  exposures[0].ivar[4] = exposures[0].ivar[5] = 0;
  exposures[0].flux[4] = 1e6;
  exposures[0].flux[5] = -1e6;
  EXPECT_EQ(reject(exposures).ivar, coadd_exposures(exposures, even_wave(11), plain_settings).ivar);
  // At the ends they hold the value of the nearest good pixel.
  auto ends = exposures_of(3, 11);
  for (auto& one : ends) one.flux.assign(11, 3);
  ends[1].ivar[0] = ends[1].ivar[10] = 0;
  ends[1].flux[0] = ends[1].flux[10] = 1e6;
  EXPECT_EQ(reject(ends).ivar, coadd_exposures(ends, even_wave(11), plain_settings).ivar);
  // ... and a ray beside a masked pixel is still seen.
  exposures[0].flux[6] += 1000;
  EXPECT_EQ(reject(exposures).ivar[6], 2);
}

TEST(CosmicRays, LeaveOutAnExposureWithoutGoodPixels) {
  auto exposures = exposures_of(4, 11);
  exposures[0].ivar.assign(11, 0);
  exposures[0].flux.assign(11, 1e5);
  exposures[3].flux[5] += 1000;
  const TargetSpectrum found = reject(exposures);
  EXPECT_EQ(found.ivar, (Values{0, 3, 3, 3, 3, 2, 2, 3, 3, 3, 0}));
  EXPECT_EQ(found.flux, exposures[1].flux);
  // Only one is left: nothing to compare with.
  for (int i : {1, 2}) exposures[i].ivar.assign(11, 0);
  EXPECT_EQ(reject(exposures).ivar, (Values{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}));
}

TEST(CosmicRays, OfASingleExposureCannotBeTold) {
  auto exposures = exposures_of(1, 7);
  exposures[0].flux[3] = 1e5;
  EXPECT_EQ(reject(exposures).ivar, (Values{0, 1, 1, 1, 1, 1, 0}));
}

}  // namespace
}  // namespace zspex::kernels
