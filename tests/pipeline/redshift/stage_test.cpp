// The stage on 1 to 4 ranks: the files are those of one rank alone.
#include <cmath>
#include <filesystem>

#include "tests/pipeline/redshift/mpi_stage.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;
using config::SimulateKind;

TEST_F(MpiRedshiftStage, CoaddsGiveTheSameFilesForAnyNumberOfRanks) {
  write_coadds(7);
  expect_same_for_any_number_of_ranks(config_);
  if (!world_.is_root()) return;
  const auto rows = best(config_.output);
  ASSERT_EQ(rows.size(), 7u);
  for (std::size_t i = 0; i < std::size(planted); ++i) {
    EXPECT_EQ(rows[i].spectype, planted[i].spectype);
    EXPECT_EQ(rows[i].subtype, planted[i].subtype);
    EXPECT_NEAR(rows[i].z, planted[i].z, 5 * rows[i].zerr) << i;
    EXPECT_EQ(rows[i].zwarn, 0) << i;
    // The model is the one that went in: chi2 is that of the noise.
    const double freedom = rows[i].npixels - rows[i].ncoeff - 1;
    EXPECT_NEAR(rows[i].chi2, freedom, 5 * std::sqrt(2 * freedom)) << i;
  }
}

TEST_F(MpiRedshiftStage, DoublePrecisionAndHdf5DoToo) {
  write_coadds(5);
  config_.precision = config::Precision::full;
  config_.output = folder_ / "redshifts.h5";
  expect_same_for_any_number_of_ranks(config_);
  auto mixed = config_;
  mixed.precision = config::Precision::mixed;
  mixed.output = folder_ / "mixed.h5";
  run(world_, mixed);
  if (!world_.is_root()) return;
  // The scan in single precision only chooses the minima, which are the same here; their refinement is in double.
  for (std::size_t i = 0; i < std::size(planted); ++i) {
    const auto a = best(config_.output)[i], b = best(mixed.output)[i];
    EXPECT_EQ(a.z, b.z) << i;
    EXPECT_EQ(a.chi2, b.chi2) << i;
    EXPECT_EQ(a.coeff, b.coeff) << i;
  }
}

TEST_F(MpiRedshiftStage, ASmallMemoryTakesSeveralBatchesAndChangesNothing) {
  on_root([&] {
    // The ranks' first targets don't follow each other: those with more exposures are dealt first.
    const auto& all = small_survey(SimulateKind::spectra, 9, 2);
    write_survey(folder_ / "coadd.fits", pick_rows(all, {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 17, 17, 17}));
  });
  run(world_, config_);
  auto small = config_;
  small.memory = least_memory(small);
  small.output = folder_ / "small.fits";
  small.details = folder_ / "small.h5";
  small.model = folder_ / "small-model.fits";
  expect_same_for_any_number_of_ranks(small);
  if (world_.is_root()) expect_same_results(config_, small);
}

TEST_F(MpiRedshiftStage, ExposuresOfUnlikeNumbersGiveTheSameFiles) {
  on_root([&] {
    // Rows 5, 9 and 12 are missing: targets have one to three exposures.
    const auto& all = small_survey(SimulateKind::spectra, 5, 3);
    write_survey(folder_ / "spectra.fits", pick_rows(all, {0, 1, 2, 3, 4, 6, 7, 8, 10, 11, 13, 14}));
  });
  config_.input = {folder_ / "spectra.fits"};
  expect_same_for_any_number_of_ranks(config_);
  auto other = config_;
  other.cosmics_nsig = 4;
  other.output = folder_ / "cosmics.h5";
  expect_same_for_any_number_of_ranks(other);
  other = config_;
  other.allspec = true;
  other.output = folder_ / "allspec.h5";
  expect_same_for_any_number_of_ranks(other);
  if (!world_.is_root()) return;
  const auto coadded = best(config_.output), side_by_side = best(other.output);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_GT(side_by_side[i].npixels, (i == 2 ? 2 : 1) * coadded[i].npixels) << "pixels of all exposures count";
}

TEST_F(MpiRedshiftStage, CframesOfAllCamerasAreTheirSpectraTogether) {
  config_.input.clear();
  const auto& all = small_survey(SimulateKind::spectra, 5, 2);
  for (const char* exposure : {"0", "1"})
    for (const char* band : {"b", "r", "z"})
      config_.input.push_back(folder_ / (std::string("cframe-") + band + exposure + ".fits"));
  on_root([&] {
    for (const std::string& path : config_.input) {
      const auto name = fs::path(path).stem().string();
      const std::size_t first = name.back() == '0' ? 0 : 5;
      write_cframe(path, pick_rows(all, {first, first + 1, first + 2, first + 3, first + 4}), name.substr(7, 1));
    }
    write_survey(folder_ / "spectra.fits", all);
  });
  expect_same_for_any_number_of_ranks(config_);
  auto spectra = config_;
  spectra.input = {folder_ / "spectra.fits"};
  spectra.output = folder_ / "spectra-redshifts.fits";
  spectra.details = folder_ / "spectra-details.h5";
  spectra.model = folder_ / "spectra-model.fits";
  run(world_, spectra);
  if (world_.is_root()) expect_same_hdf5(config_.details, spectra.details);
}

TEST_F(MpiRedshiftStage, ArchetypesDoToo) {
  write_coadds(4);
  config_.archetypes = {folder_ / "rrarchetype-galaxy.fits"};
  on_root([&] { write_archetypes(config_.archetypes[0]); });
  expect_same_for_any_number_of_ranks(config_);
  auto nearest = config_;
  nearest.archetype_nnearest = 2;
  nearest.archetype_legendre_percamera = false;
  nearest.output = folder_ / "nearest.h5";
  expect_same_for_any_number_of_ranks(nearest);
  if (!world_.is_root()) return;
  EXPECT_EQ(best(config_.output)[0].fitmethod, "ARCH");
  EXPECT_EQ(best(config_.output)[0].ncoeff, 1);
  EXPECT_EQ(best(nearest.output)[0].ncoeff, 2);
  EXPECT_NE(best(nearest.output)[0].subtype.find(';'), std::string::npos);
  EXPECT_EQ(best(config_.output)[1].fitmethod, "PCA") << "quasars have none";
}

TEST_F(MpiRedshiftStage, PriorsChooseAmongMinimaOfTheirTargets) {
  write_coadds(4);
  run(world_, config_);
  auto prior = config_;
  prior.priors = folder_ / "priors.fits";
  prior.output = folder_ / "prior.h5";
  prior.details = folder_ / "prior-details.h5";
  const auto& survey = small_survey(SimulateKind::coadds, 4, 2);
  on_root([&] {
    write_priors(prior.priors, "tophat", {12345, survey.targetid[1], survey.targetid[0]}, {0.3, 2.35, 0.18},
                 {0.1, 0.04, 0.03});
  });
  expect_same_for_any_number_of_ranks(prior);
  if (!world_.is_root()) return;
  const auto free = best(config_.output), held = best(prior.output);
  // Half a width, and a step of the grid: a minimum at the wall is refined on both sides.
  EXPECT_NEAR(held[0].z, 0.18, 0.015 + 0.0011) << "where the prior lets it, though chi2 is larger";
  EXPECT_NEAR(held[1].z, 2.35, 0.020 + 0.0039);
  for (const std::size_t i : {2u, 3u}) EXPECT_EQ(held[i].z, free[i].z) << "no prior";
  for (const char* type : {"GALAXY", "QSO:::HIZ", "STAR:::F"}) {
    const auto with = io::read_zscan(prior.details, type, survey.targetid),
               without = io::read_zscan(config_.details, type, survey.targetid);
    EXPECT_EQ(with.zchi2, without.zchi2) << "details have chi2 without prior";
  }
}

TEST_F(MpiRedshiftStage, AScanThatIsReadGivesTheSameRedshifts) {
  write_coadds(5);
  run(world_, config_);
  auto again = config_;
  again.chi2_scan = config_.details;
  again.output = folder_ / "again.fits";
  again.details = folder_ / "again.h5";
  again.model = folder_ / "again-model.fits";
  expect_same_for_any_number_of_ranks(again);
  if (!world_.is_root()) return;
  // The scan is in single precision in the file, and only says which minima are refined.
  expect_same_hdf5(config_.details, again.details);
  expect_same_fits(config_.output, again.output);
  expect_same_fits(config_.model, again.model);
}

TEST_F(MpiRedshiftStage, RanksMayBeMoreThanTargetsAndRedshifts) {
  write_coadds(1);
  config_.zscan_star = {-0.001, 0.00101, 1e-3};  // 3 redshifts
  config_.output = folder_ / "redshifts.h5";
  expect_same_for_any_number_of_ranks(config_);
  if (!world_.is_root()) return;
  EXPECT_EQ(io::read_zscan(config_.details, "STAR:::F", {best(config_.output)[0].targetid}).redshifts.size(), 3u);
  EXPECT_NEAR(best(config_.output)[0].z, planted[0].z, 1e-3);
}

TEST_F(MpiRedshiftStage, ACloserLookDoesToo) {
  write_coadds(4);
  config_.refine = config::Refinement::adaptive;
  config_.zscan_galaxy->dz *= 3;
  expect_same_for_any_number_of_ranks(config_);
  if (world_.is_root()) {
    EXPECT_NEAR(best(config_.output)[0].z, planted[0].z, 1e-3);
  }
}

}  // namespace
}  // namespace zspex::pipeline
