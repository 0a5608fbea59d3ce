// Spectra in which something is wrong: it costs the target what is bad, and no other target anything.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "io/detail/fits_reader.hpp"
#include "kernels/redshift/redshift.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

using config::SimulateKind;
using Ids = std::vector<std::int64_t>;
namespace zwarn = zwarn;

constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
constexpr std::size_t ntarget = 6, bad = 1;  // the second target is the one that is spoiled

using Spoil = std::function<void(io::BandSpectra&)>;

class BadSpectra : public SmallRun {
 protected:
  const io::SpectraFile& good() const { return small_survey(SimulateKind::coadds, ntarget); }
  Ids others() const {
    Ids ids = good().targetid;
    ids.erase(ids.begin() + bad);
    return ids;
  }
  std::int64_t bad_id() const { return good().targetid[bad]; }

  io::SpectraFile spoiled(const Spoil& spoil, const std::string& bands = "brz") const {
    io::SpectraFile file = good();
    for (io::BandSpectra& band : file.bands)
      if (bands.find(band.band) != std::string::npos) spoil(band);
    return file;
  }
  RedshiftReport run_on(const io::SpectraFile& file, const std::string& name) {
    config_.input = {write_survey(folder_ / (name + "-coadd.fits"), file)};
    return run(name);
  }
};

template <class Values, class T>
void fill_row(Values& values, T value) {
  std::fill(values.row(bad).begin(), values.row(bad).end(), value);
}

TEST_F(BadSpectra, NothingThatIsWrongWithATargetChangesAnother) {
  config_.targetids = others();
  run_on(good(), "without");
  config_.targetids.clear();
  run_on(good(), "with");
  expect_same_answers(folder_ / "with.h5", folder_ / "without.h5", others());
  struct Case {
    const char* name;
    Spoil spoil;
    bool nodata;
  };
  const std::vector<Case> cases = {
      {"no weight", [](auto& band) { fill_row(band.ivar, 0.0F); }, true},
      {"weight below zero", [](auto& band) { fill_row(band.ivar, -1.0F); }, true},
      {"NaN weight", [](auto& band) { fill_row(band.ivar, nan); }, true},
      {"all masked", [](auto& band) { fill_row(band.mask, 1u << 7); }, true},
      {"NaN flux", [](auto& band) { fill_row(band.flux, nan); }, true},
      {"flux far below zero", [](auto& band) { fill_row(band.flux, -1e6F); }, true},
      {"resolution of zeros", [](auto& band) { fill_row(band.resolution, 0.0F); }, true},
      {"NaN resolution", [](auto& band) { fill_row(band.resolution, nan); }, true},
      {"infinite flux in a pixel", [](auto& band) { band.flux(bad, 30) = infinity; }, false},
      {"NaN in a diagonal", [](auto& band) { std::fill_n(&band.resolution(bad, 4, 0), band.wave.size(), nan); }, true},
      {"huge flux", [](auto& band) { fill_row(band.flux, 1e18F); }, true},
      {"huge weight", [](auto& band) { fill_row(band.ivar, 1e30F); }, true},
      {"large weight", [](auto& band) { fill_row(band.ivar, 1e6F); }, false},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const RedshiftReport report = run_on(spoiled(one.spoil), "spoiled");
    EXPECT_EQ(report.code, ExitCode::success);
    EXPECT_EQ(report.ntarget, ntarget);
    EXPECT_EQ(report.nnodata, one.nodata ? 1u : 0u);
    expect_same_answers(folder_ / "spoiled.h5", folder_ / "without.h5", others());
    if (!one.nodata) continue;
    const auto row = best(bad_id(), "spoiled");
    EXPECT_EQ(row.zwarn, zwarn::nodata | zwarn::little_coverage);
    EXPECT_EQ(row.z, 0);
    EXPECT_EQ(row.zerr, 0);
    EXPECT_EQ(row.chi2, kernels::no_chi2);
    EXPECT_EQ(row.deltachi2, 0);
    EXPECT_EQ(row.npixels, 0);
    EXPECT_EQ(row.spectype, "GALAXY");
    EXPECT_EQ(row.subtype, "");
    EXPECT_EQ(row.fitmethod, "NONE");
    const auto scan = io::read_zscan(folder_ / "spoiled.h5", "STAR:::F", {bad_id()});
    for (std::size_t iz = 0; iz < scan.redshifts.size(); ++iz) {
      ASSERT_EQ(scan.zchi2(0, iz), static_cast<float>(kernels::no_chi2));
      for (std::size_t k = 0; k < 3; ++k) ASSERT_EQ(scan.zcoeff(0, iz, k), 0);
    }
  }
}

TEST_F(BadSpectra, NorDoesItInDoubleOrSideBySide) {
  config_.precision = config::Precision::full;
  config_.allspec = true;
  config_.targetids = others();
  run_on(good(), "without");
  config_.targetids.clear();
  // Without a coadd no row of R is looked at: what it makes of the templates is no spectrum, and there is no fit.
  run_on(spoiled([](auto& band) { fill_row(band.resolution, 0.0F); }), "spoiled");
  expect_same_answers(folder_ / "spoiled.h5", folder_ / "without.h5", others());
  const auto row = best(bad_id(), "spoiled");
  EXPECT_GT(row.npixels, 0);
  EXPECT_NE(row.zwarn & zwarn::bad_minfit, 0);
  const auto scan = io::read_zscan(folder_ / "spoiled.h5", "GALAXY", {bad_id()});
  for (const float chi2 : scan.zchi2) ASSERT_EQ(chi2, static_cast<float>(kernels::no_chi2));
  run_on(spoiled([](auto& band) { fill_row(band.resolution, nan); }), "spoiled");
  expect_same_answers(folder_ / "spoiled.h5", folder_ / "without.h5", others());
  EXPECT_EQ(best(bad_id(), "spoiled").zwarn, zwarn::nodata | zwarn::little_coverage);
}

TEST_F(BadSpectra, ABadPixelIsAMaskedPixel) {
  const auto with_mask = [](io::BandSpectra& band) { band.mask(bad, 37) = 4; };
  run_on(spoiled(with_mask), "masked");
  const int all = [&] { return run_on(good(), "good"), best(bad_id(), "good").npixels; }();
  const int left = best(bad_id(), "masked").npixels;
  EXPECT_LT(left, all - 3) << "and takes its neighbors with it";
  struct Case {
    const char* name;
    Spoil spoil;
  };
  const std::vector<Case> cases = {
      {"NaN flux", [](auto& band) { band.flux(bad, 37) = nan; }},
      {"infinite flux", [](auto& band) { band.flux(bad, 37) = -infinity; }},
      {"NaN ivar", [](auto& band) { band.ivar(bad, 37) = nan; }},
      {"infinite ivar", [](auto& band) { band.ivar(bad, 37) = infinity; }},
      {"no ivar", [](auto& band) { band.ivar(bad, 37) = 0; }},
      {"flux of 1e30", [](auto& band) { band.flux(bad, 37) = 1e30F; }},
      {"ivar of 3e38", [](auto& band) { band.flux(bad, 37) = 1, band.ivar(bad, 37) = 3e38F; }},
      {"ivar below zero", [](auto& band) { band.ivar(bad, 37) = -2; }},
      {"flux 5.01 sigma below zero", [](auto& band) { band.flux(bad, 37) = -5.01F / std::sqrt(band.ivar(bad, 37)); }}};
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    run_on(spoiled(one.spoil), "spoiled");
    expect_same_answers(folder_ / "spoiled.h5", folder_ / "masked.h5", good().targetid);
  }
  run_on(spoiled([](auto& band) { band.flux(bad, 37) = -4.99F / std::sqrt(band.ivar(bad, 37)); }), "low");
  EXPECT_EQ(best(bad_id(), "low").npixels, all) << "what may be noise is kept";
  config_.negflux_nsig = 4.98;
  run_on(spoiled([](auto& band) { band.flux(bad, 37) = -4.99F / std::sqrt(band.ivar(bad, 37)); }), "low");
  EXPECT_EQ(best(bad_id(), "low").npixels, left);
}

TEST_F(BadSpectra, SkyLinesAreLeftOutAndTheirNeighborsAreNot) {
  io::SpectraFile file = small_survey(SimulateKind::spectra, ntarget, 2);
  std::vector<double>& wave = file.bands[1].wave;
  for (double& one : wave) one -= 490;  // from 5556 Angstrom on
  std::fill(file.bands[1].mask.begin(), file.bands[1].mask.end(), 0u);
  const auto nline = std::count_if(wave.begin(), wave.end(), [](double one) { return one >= 5572 && one <= 5582; });
  ASSERT_GT(nline, 10);
  for (const bool allspec : {false, true}) {
    config_.allspec = allspec;
    config_.skymask = true;
    run_on(file, "without");
    config_.skymask = false;
    run_on(file, "with");
    EXPECT_EQ(best(bad_id(), "with").npixels - best(bad_id(), "without").npixels, (allspec ? 2 : 1) * nline);
  }
}

TEST_F(BadSpectra, ABadValueOfTheResolutionMasksTheRowsItStandsIn) {
  // Diagonal k of column j is in row j - 5 + k.
  run_on(spoiled([](auto& band) {
           band.resolution(bad, 8, 37) = 0;
           band.mask(bad, 40) = 1;
         }),
         "masked");
  for (const float value : {nan, infinity}) {
    run_on(spoiled([&](auto& band) { band.resolution(bad, 8, 37) = value; }), "spoiled");
    expect_same_answers(folder_ / "spoiled.h5", folder_ / "masked.h5", good().targetid);
  }
  // Beyond the end of the spectrum is no row.
  run_on(good(), "good");
  run_on(spoiled([&](auto& band) { band.resolution(bad, 0, 2) = nan; }), "spoiled");
  expect_same_answers(folder_ / "spoiled.h5", folder_ / "good.h5", good().targetid);
}

TEST_F(BadSpectra, ADeadCameraIsNoCamera) {
  run_on(spoiled([](auto& band) { fill_row(band.ivar, 0.0F); }, "b"), "dead");
  io::SpectraFile without = good();
  without.bands.erase(without.bands.begin());
  run_on(without, "without");
  const auto dead = best(bad_id(), "dead"), none = best(bad_id(), "without");
  EXPECT_EQ(dead.npixels, none.npixels);
  EXPECT_EQ(dead.spectype, none.spectype);
  // The same pixels in other blocks: sums of 162 products are rounded in another order.
  EXPECT_NEAR(dead.z, none.z, 1e-9);
  EXPECT_NEAR(dead.chi2, none.chi2, 1e-6 * none.chi2);
}

TEST_F(BadSpectra, BandsThatATargetDoesNotHaveAreZeroInItsModel) {
  io::SpectraFile r_alone = pick_rows(good(), {bad});
  r_alone.bands = {r_alone.bands[1]};
  config_.input = {write_survey(folder_ / "all.fits", pick_rows(good(), {0, 2})),
                   write_survey(folder_ / "r.fits", r_alone)};
  config_.model = folder_ / "model.fits";
  run("mixed");
  io::detail::FitsReader file(config_.model);
  for (const char* band : {"B", "R", "Z"}) {
    const auto model = file.image2<float>(file.need(std::string(band) + "_MODEL"));
    ASSERT_EQ(model.extent(0), 3u);
    for (const std::size_t row : {0u, 1u, 2u}) {
      const bool dark =
          std::all_of(model.row(row).begin(), model.row(row).end(), [](float value) { return value == 0; });
      EXPECT_EQ(dark, row == 2 && band[0] != 'R') << band << " " << row;
    }
  }
  config_.model.clear();
  config_.input = {folder_ / "r.fits"};
  run("alone");
  EXPECT_EQ(best(bad_id(), "mixed").npixels, best(bad_id(), "alone").npixels);
  EXPECT_NEAR(best(bad_id(), "mixed").chi2, best(bad_id(), "alone").chi2, 1e-6 * best(bad_id(), "alone").chi2);
}

/// The same resolution with a diagonal of zeros more on each side.
io::SpectraFile widened(io::SpectraFile file) {
  for (io::BandSpectra& band : file.bands) {
    const std::size_t nspec = band.flux.extent(0), nwave = band.wave.size(), ndiag = band.resolution.extent(1);
    Array3<float> wide({nspec, ndiag + 2, nwave});
    for (std::size_t i = 0; i < nspec; ++i)
      std::copy(band.resolution.row(i).begin(), band.resolution.row(i).end(), &wide(i, 1, 0));
    band.resolution = wide;
  }
  return file;
}

TEST_F(BadSpectra, FilesMayHaveResolutionsOfUnlikeWidths) {
  run_on(good(), "good");
  run_on(widened(good()), "wide");
  expect_same_answers(folder_ / "wide.h5", folder_ / "good.h5", good().targetid);
  config_.input = {write_survey(folder_ / "1.fits", pick_rows(good(), {0, 1, 2})),
                   write_survey(folder_ / "2.fits", widened(pick_rows(good(), {3, 4, 5})))};
  run("both");
  expect_same_answers(folder_ / "both.h5", folder_ / "good.h5", good().targetid);
  // And so may the exposures of one target.
  config_.input = {folder_ / "1.fits", write_survey(folder_ / "3.fits", widened(pick_rows(good(), {0, 1, 2})))};
  run("unlike");
  config_.input = {folder_ / "1.fits", write_survey(folder_ / "4.fits", pick_rows(good(), {0, 1, 2}))};
  run("alike");
  expect_same_answers(folder_ / "unlike.h5", folder_ / "alike.h5",
                      {good().targetid[0], good().targetid[1], good().targetid[2]});
}

TEST_F(BadSpectra, AnEvenNumberOfDiagonalsIsRefused) {
  io::SpectraFile even = good();
  io::BandSpectra& band = even.bands[2];
  band.resolution = Array3<float>({ntarget, 10, band.wave.size()});
  config_.input = {write_survey(folder_ / "even.fits", even)};
  expect_refusal(ExitCode::input, {"even.fits[Z_RESOLUTION]", "expected an odd number of diagonals", "found 10"});
}

TEST_F(BadSpectra, RowsOfOneTargetAreExposuresWhereverTheyAre) {
  const auto& exposures = small_survey(SimulateKind::spectra, 3, 2);
  config_.input = {write_survey(folder_ / "in-spectra.fits", exposures)};
  run("spectra");
  io::SpectraFile coadd = exposures;
  coadd.exp_fibermap = exposures.fibermap;  // which makes it a coadd
  config_.input = {write_survey(folder_ / "in-coadd.fits", coadd)};
  run("coadd");
  config_.input = {write_survey(folder_ / "first.fits", pick_rows(exposures, {0, 1, 2})),
                   write_survey(folder_ / "second.fits", pick_rows(exposures, {4, 5, 3}))};
  run("files");
  const Ids ids(exposures.targetid.begin(), exposures.targetid.begin() + 3);
  expect_same_answers(folder_ / "coadd.h5", folder_ / "spectra.h5", ids);
  expect_same_answers(folder_ / "files.h5", folder_ / "spectra.h5", ids);
  // A spectrum that is there twice counts twice.
  config_.input = {write_survey(folder_ / "in-once.fits", pick_rows(exposures, {0}))};
  run("once");
  config_.input = {write_survey(folder_ / "in-twice.fits", pick_rows(exposures, {0, 0}))};
  run("twice");
  EXPECT_NEAR(best(ids[0], "twice").chi2, 2 * best(ids[0], "once").chi2, 1e-5 * best(ids[0], "twice").chi2);
  EXPECT_NEAR(best(ids[0], "twice").z, best(ids[0], "once").z, 1e-9);
}

TEST_F(BadSpectra, AFileWithoutOneGoodTargetIsStillFitted) {
  io::SpectraFile file = good();
  for (io::BandSpectra& band : file.bands) std::fill(band.ivar.begin(), band.ivar.end(), 0.0F);
  config_.model = folder_ / "model.fits";
  const RedshiftReport report = run_on(file, "dark");
  EXPECT_EQ(report.code, ExitCode::success);
  EXPECT_EQ(report.nnodata, ntarget);
  EXPECT_EQ(report.nwarned, ntarget);
  config_.allspec = true;
  EXPECT_EQ(run_on(file, "dark").nnodata, ntarget);
}

TEST_F(BadSpectra, WhatTheFibersStateSaysIsInTheResult) {
  io::SpectraFile file = good();
  const auto set = [&](std::size_t row, std::int32_t bits, const char* objtype) {
    auto column = [&](const char* name) { return const_cast<io::Column*>(file.fibermap.find(name)); };
    std::get<std::vector<std::int32_t>>(column("COADD_FIBERSTATUS")->values)[row] = bits;
    std::get<std::vector<std::string>>(column("OBJTYPE")->values)[row] = objtype;
  };
  set(0, 1 << 2, "TGT");   // BROKENFIBER
  set(1, 1 << 10, "TGT");  // POORPOSITION
  set(2, 1 << 23, "TGT");  // BADAMPR
  set(3, 0, "SKY");
  set(4, 0, "BAD");
  set(5, 0, "TGT");
  config_.model = folder_ / "model.fits";
  run_on(file, "flagged");
  config_.model.clear();
  for (std::size_t row = 0; row < ntarget; ++row) set(row, 0, "TGT");
  run_on(file, "clean");
  const int bits[] = {zwarn::unplugged | zwarn::nodata,
                      zwarn::poordata,
                      zwarn::little_coverage,
                      zwarn::sky,
                      zwarn::bad_target | zwarn::nodata,
                      0};
  io::detail::FitsReader models(folder_ / "model.fits");
  const auto model = models.image2<float>(models.need("R_MODEL"));
  for (std::size_t i = 0; i < ntarget; ++i) {
    const auto flagged = best(file.targetid[i], "flagged"), clean = best(file.targetid[i], "clean");
    EXPECT_EQ(flagged.zwarn, clean.zwarn | bits[i]) << i;
    EXPECT_EQ(flagged.chi2, clean.chi2) << "stays that of the fit; target " << i;
    EXPECT_EQ(flagged.npixels, clean.npixels) << i;
    EXPECT_EQ(flagged.deltachi2, clean.deltachi2) << i;
    const bool reset = (bits[i] & zwarn::nodata) != 0;
    EXPECT_EQ(flagged.z, reset ? 0 : clean.z) << i;
    EXPECT_EQ(flagged.spectype, reset ? "GALAXY" : clean.spectype) << i;
    EXPECT_EQ(flagged.fitmethod, reset ? "NONE" : clean.fitmethod) << i;
    EXPECT_EQ(flagged.coeff[0] == 0, reset) << i;
    EXPECT_EQ(std::all_of(model.row(i).begin(), model.row(i).end(), [](float value) { return value == 0; }), reset);
  }
}

TEST_F(BadSpectra, ATargetOfSeveralCoaddsHasTheFlagsOfAll) {
  io::SpectraFile second = pick_rows(good(), {5, bad});
  std::get<std::vector<std::int32_t>>(const_cast<io::Column*>(second.fibermap.find("COADD_FIBERSTATUS"))->values)[1] =
      1 << 10;  // POORPOSITION
  config_.input = {write_survey(folder_ / "1.fits", good()), write_survey(folder_ / "2.fits", second)};
  run("both");
  EXPECT_NE(best(bad_id(), "both").zwarn & zwarn::poordata, 0);
  EXPECT_EQ(best(good().targetid[5], "both").zwarn & zwarn::poordata, 0);
}

}  // namespace
}  // namespace zspex::pipeline
