// What a run is asked for beside its files, and what it says of itself.
#include <algorithm>
#include <cmath>
#include <map>

#include "io/detail/fits_reader.hpp"
#include "io/detail/hdf5_reader.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

using config::SimulateKind;

class OptionsOfRedshift : public SmallRun {
 protected:
  const io::SpectraFile& write_coadds(int ntargets) {
    const io::SpectraFile& file = small_survey(SimulateKind::coadds, ntargets);
    write_survey(folder_ / "coadd.fits", file);
    return file;
  }
};

TEST_F(OptionsOfRedshift, TablesOfTheInputAreReadBeforeTheFit) {
  const io::SpectraFile& file = write_coadds(3);
  const RedshiftStage stage(world_, config_, {}, {}, out_, err_);
  const RedshiftPlan plan = stage.plan();
  // By the end the file may be gone; here it has lost what isn't its spectra.
  io::SpectraFile bare = file;
  std::erase_if(bare.fibermap.columns, [](const io::Column& column) { return column.name != "TARGETID"; });
  bare.scores.reset();
  write_survey(config_.input[0], bare);
  stage.execute(plan);
  io::detail::FitsReader result(config_.output);
  EXPECT_EQ(result.table(result.need("FIBERMAP")).columns.size(), file.fibermap.columns.size());
  EXPECT_TRUE(result.find("EXP_FIBERMAP"));
  EXPECT_TRUE(result.find("TSNR2"));
}

TEST_F(OptionsOfRedshift, AsManyMinimaOfATypeAsAreAskedFor) {
  const auto& file = write_coadds(3);
  std::map<int, int> most;  // rows of a type, at most, over the targets
  for (const int nminima : {1, 0, 5}) {
    config_.nminima = nminima;
    run("minima");
    for (const std::int64_t id : file.targetid) {
      std::map<std::string, int> count;
      for (const auto& row : io::read_zfit(folder_ / "minima.h5", id)) ++count[row.spectype];
      for (const auto& [type, n] : count) most[nminima] = std::max(most[nminima], n);
    }
  }
  EXPECT_EQ(most[1], 1);
  EXPECT_EQ(most[0], 3) << "unless said otherwise";
  EXPECT_EQ(most[5], 5);
}

TEST_F(OptionsOfRedshift, AsManyPointsOfAFineScan) {
  const auto& file = write_coadds(1);
  for (const int npoints : {15, 7}) {
    config_.zminfit_npoints = npoints;
    run("points");
    const io::detail::Hdf5Reader details(folder_ / "points.h5");
    const io::Table minima = details.table("/zfit/" + std::to_string(file.targetid[0]) + "/zfit");
    EXPECT_EQ(minima.find("zz")->repeat, npoints);
    const auto& zz = std::get<std::vector<float>>(minima.find("zz")->values);
    EXPECT_TRUE(std::is_sorted(zz.begin(), zz.begin() + npoints));
    EXPECT_NEAR(best(file.targetid[0], "points").z, planted[0].z, 1e-3);
  }
}

// The small survey's targets are a galaxy, which archetypes fit, and a quasar, of which there are none.
TEST_F(OptionsOfRedshift, TheFitBeforeArchetypesIsToldOfEachTarget) {
  write_survey(folder_ / "coadd.fits", small_survey(SimulateKind::coadds, 2));
  run("without");
  config_.archetypes = {write_archetypes(folder_ / "rrarchetype-galaxy.fits")};
  run("with");
  io::detail::FitsReader plain(folder_ / "without.fits"), fits(folder_ / "with.fits");
  const io::Table without = plain.table(plain.need("REDSHIFTS")), with = fits.table(fits.need("REDSHIFTS"));
  const auto text = [&](const io::Table& table, const char* name) {
    return std::get<std::vector<std::string>>(table.find(name)->values);
  };
  ASSERT_EQ(text(with, "FITMETHOD"), (std::vector<std::string>{"ARCH", "PCA"}));
  EXPECT_EQ(text(with, "PCA_SPECTYPE"), text(without, "SPECTYPE"));
  EXPECT_EQ(text(with, "PCA_SUBTYPE"), text(without, "SUBTYPE"));
  const io::Column *coeff = without.find("COEFF"), *before = with.find("PCA_COEFF");
  ASSERT_EQ(before->repeat, coeff->repeat) << "as wide as the largest template";
  const auto& expected = std::get<std::vector<float>>(coeff->values);
  const auto& found = std::get<std::vector<double>>(before->values);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(static_cast<float>(found[i]), expected[i]) << i;
}

TEST_F(OptionsOfRedshift, OneBandsPolynomialsAreThoseOfAllBands) {
  io::SpectraFile file = small_survey(SimulateKind::coadds, 2);
  file.bands = {file.bands[1]};
  write_survey(folder_ / "coadd.fits", file);
  config_.archetypes = {write_archetypes(folder_ / "rrarchetype-galaxy.fits")};
  run("cameras");
  config_.archetype_legendre_percamera = false;
  run("shared");
  expect_same_answers(folder_ / "cameras.h5", folder_ / "shared.h5", file.targetid);
  io::detail::FitsReader fits(folder_ / "cameras.fits");
  EXPECT_EQ(fits.table(fits.need("REDSHIFTS")).find("LEGCOEFF")->dim, "(2)");
}

TEST_F(OptionsOfRedshift, ModelChi2IsThatOfTheModelItself) {
  // All pixels as they are: without a coadd no neighbors are masked, and nothing else.
  io::SpectraFile file = small_survey(SimulateKind::coadds, 3);
  for (io::BandSpectra& band : file.bands) std::fill(band.mask.begin(), band.mask.end(), 0u);
  write_survey(folder_ / "coadd.fits", file);
  config_.allspec = true;
  config_.negflux_nsig = 1e6;
  config_.model = folder_ / "model.fits";
  config_.output = folder_ / "redshifts.h5";
  const RedshiftStage stage(world_, config_, {}, {}, out_, err_);
  stage.execute(stage.plan());
  const io::detail::Hdf5Reader results(config_.output);
  const auto said = results.table("/redshifts").numbers("MODEL_CHI2", "");
  const auto vertex = results.table("/redshifts").numbers("CHI2", "");
  io::detail::FitsReader models(config_.model);
  int nunlike = 0;
  for (std::size_t row = 0; row < 3; ++row) {
    double chi2 = 0;
    for (const io::BandSpectra& band : file.bands) {
      std::string name = band.band;
      name[0] = static_cast<char>(std::toupper(name[0]));
      const auto model = models.image2<float>(models.need(name + "_MODEL"));
      for (std::size_t i = 0; i < band.wave.size(); ++i)
        chi2 += band.ivar(row, i) * std::pow(band.flux(row, i) - static_cast<double>(model(row, i)), 2);
    }
    EXPECT_NEAR(said[row], chi2, 1e-5 * chi2) << "the file's model is in single precision; target " << row;
    nunlike += std::abs(said[row] - vertex[row]) > 1e-4 * chi2;
  }
  EXPECT_GT(nunlike, 0) << "CHI2 is a parabola's";
}

TEST_F(OptionsOfRedshift, HeadersSayWhatWentIn) {
  io::SpectraFile file = small_survey(SimulateKind::coadds, 2);
  file.header.set("SPGRP", "healpix");
  file.header.set("HPXPIXEL", 27);
  file.header.set("EXTRA", "no");
  write_survey(folder_ / "coadd.fits", file);
  config_.archetypes = {write_archetypes(folder_ / "rrarchetype-galaxy.fits")};
  run();
  io::detail::FitsReader fits(folder_ / "redshifts.fits");
  for (const std::size_t hdu : {0u, 1u}) {
    const io::Header header = fits.header(fits.hdus()[hdu]);
    EXPECT_EQ(header.text("TEMNAM00"), "GALAXY");
    EXPECT_EQ(header.text("TEMNAM01"), "QSO:::HIZ");
    EXPECT_EQ(header.text("TEMNAM02"), "STAR:::F");
    EXPECT_EQ(header.text("TEMVER02"), "small");
    EXPECT_EQ(header.text("TEMFIL02"), "rrtemplate-STAR-small.fits");
    EXPECT_EQ(header.text("ARCNAM00"), "GALAXY");
    EXPECT_EQ(header.text("ARCFIL00"), "rrarchetype-galaxy.fits");
    EXPECT_EQ(header.text("ZSPEXI00"), folder_ / "coadd.fits");
    EXPECT_TRUE(header.has("ZSPEXEND"));
    EXPECT_EQ(header.text("SPGRP"), "healpix");
    EXPECT_EQ(header.integer("HPXPIXEL"), 27);
    EXPECT_FALSE(header.has("EXTRA"));
  }
  for (const char* name : {"FIBERMAP", "EXP_FIBERMAP", "TSNR2"}) EXPECT_NE(fits.find(name), nullptr) << name;
}

}  // namespace
}  // namespace zspex::pipeline
