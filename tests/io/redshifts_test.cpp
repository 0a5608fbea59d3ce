#include "io/redshifts.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"
#include "io/detail/hdf5_reader.hpp"
#include "io/results.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

std::string form(const Column& column) { return std::to_string(column.repeat) + column.code; }

/// "TARGETID 1K, Z 1D, ..."
std::string forms(const Table& table) {
  std::string out;
  for (const Column& column : table.columns) out += (out.empty() ? "" : ", ") + column.name + " " + form(column);
  return out;
}

Table read_hdu(const std::string& path, const char* name) {
  detail::FitsReader file(path);
  return file.table(file.need(name));
}

TEST(RedshiftsFits, HdusAreRedrocks) {
  const TempDir folder;
  const RedshiftResults results = test::sample_redshifts();
  write_redshifts_fits(folder / "rr.fits", results, test::sample_provenance());
  detail::FitsReader file(folder / "rr.fits");
  std::vector<std::string> names;
  for (const auto& hdu : file.hdus()) names.push_back(hdu.name);
  EXPECT_EQ(names, (std::vector<std::string>{"", "REDSHIFTS", "FIBERMAP", "EXP_FIBERMAP", "TSNR2"}));
  test::expect_same(results.fibermap, file.table(file.need("FIBERMAP")));
  test::expect_same(*results.exp_fibermap, file.table(file.need("EXP_FIBERMAP")));
  test::expect_same(*results.tsnr2, file.table(file.need("TSNR2")));
}

TEST(RedshiftsFits, ColumnsAreRedrocksInOrderAndType) {
  const TempDir folder;
  RedshiftResults results = test::sample_redshifts();
  write_redshifts_fits(folder / "rr.fits", results, {});
  Table table = read_hdu(folder / "rr.fits", "REDSHIFTS");
  EXPECT_EQ(
      forms(table),
      "TARGETID 1K, Z 1D, ZERR 1E, ZWARN 1J, CHI2 1E, COEFF 4E, FITMETHOD 4A, NPIXELS 1J, SPECTYPE 6A, SUBTYPE 3A, "
      "NCOEFF 1I, DELTACHI2 1E");
  EXPECT_EQ(table.find("COEFF")->dim, "(4)");
  EXPECT_EQ(std::get<std::vector<float>>(table.find("COEFF")->values),
            (std::vector<float>{1, 2, 3, 0, 5, 6, 7, 8, 0, 0, 0, 0}))
      << "padded with zeros to the template with most vectors";
  // If all rows of all targets have one number of coefficients, that is the width.
  for (auto& rows : results.zfit)
    for (auto& row : rows) row.ncoeff = 3;
  results.zfit[0][0].subtype = "LONGER";
  write_redshifts_fits(folder / "rr.fits", results, {});
  table = read_hdu(folder / "rr.fits", "REDSHIFTS");
  EXPECT_EQ(form(*table.find("COEFF")), "3E");
  EXPECT_EQ(form(*table.find("SUBTYPE")), "6A");
}

TEST(RedshiftsFits, TextsEndAtAZeroByteAsRedrocks) {
  const TempDir folder;
  write_redshifts_fits(folder / "rr.fits", test::sample_redshifts(), {});
  // NPIXELS ends in 1ef6, then SPECTYPE 6A, SUBTYPE 3A. Blanks would stay in the texts that astropy and fitsio read.
  const std::string row("\x1e\xf6QSO\0\0\0HIZ", 11);
  EXPECT_NE(test::read_bytes(folder / "rr.fits").find(row), std::string::npos);
}

TEST(RedshiftsFits, ArchetypesHaveColumnsOfTheirOwn) {
  const TempDir folder;
  RedshiftResults results = test::sample_redshifts();
  results.archetypes = {{"GALAXY", "1.0", "rrarchetype-galaxy.fits"}};
  results.legendre_bands = 3;
  results.legendre_degree = 2;
  for (auto& rows : results.zfit)
    for (auto& row : rows) {
      row.legcoeff = {1, 2, 3, 4, 5, 6};
      row.pca_coeff = {9, 8};
      row.pca_spectype = "QSO";
      row.pca_subtype = "HIZ";
    }
  write_redshifts_fits(folder / "rr.fits", results, {});
  Table table = read_hdu(folder / "rr.fits", "REDSHIFTS");
  EXPECT_EQ(
      forms(table),
      "TARGETID 1K, Z 1D, ZERR 1E, ZWARN 1J, CHI2 1E, COEFF 4E, LEGCOEFF 6D, FITMETHOD 4A, NPIXELS 1J, SPECTYPE 6A, "
      "SUBTYPE 3A, NCOEFF 1I, DELTACHI2 1E, PCA_COEFF 3D, PCA_SPECTYPE 6A, PCA_SUBTYPE 3A");
  EXPECT_EQ(table.find("LEGCOEFF")->dim, "(2,3)") << "degree, bands";
  EXPECT_EQ(table.header.text("ARCNAM00"), "GALAXY");
  EXPECT_EQ(table.header.text("ARCVER00"), "1.0");
  EXPECT_EQ(table.header.text("ARCFIL00"), "rrarchetype-galaxy.fits");
  results.legendre_bands = 0;
  for (auto& rows : results.zfit)
    for (auto& row : rows) row.legcoeff = {1, 2};
  write_redshifts_fits(folder / "rr.fits", results, {});
  table = read_hdu(folder / "rr.fits", "REDSHIFTS");
  EXPECT_EQ(form(*table.find("LEGCOEFF")) + table.find("LEGCOEFF")->dim, "2D(2)");
  results.legendre_degree = 0;
  write_redshifts_fits(folder / "rr.fits", results, {});
  EXPECT_EQ(read_hdu(folder / "rr.fits", "REDSHIFTS").find("LEGCOEFF"), nullptr);
}

TEST(RedshiftsFits, BothHeadersSayWhatMadeIt) {
  const TempDir folder;
  write_redshifts_fits(folder / "rr.fits", test::sample_redshifts(), test::sample_provenance());
  detail::FitsReader file(folder / "rr.fits");
  for (const std::size_t i : {0, 1}) {
    const Header header = file.header(file.hdus()[i]);
    EXPECT_EQ(header.text("LONGSTRN"), "OGIP 1.0");
    EXPECT_EQ(header.text("RRVER"), "zspex 0.1.0");
    EXPECT_EQ(header.text("TEMNAM00"), "GALAXY");
    EXPECT_EQ(header.text("TEMVER00"), "2.6");
    EXPECT_EQ(header.text("TEMFIL00"), "rrtemplate-GALAXY-None-v2.6.fits");
    EXPECT_EQ(header.text("TEMNAM01"), "QSO:::HIZ");
    EXPECT_EQ(header.text("TEMFIL01"), "rrtemplate-QSO-HIZ-v1.1.fits");
    EXPECT_FALSE(header.has("TEMNAM02"));
    EXPECT_EQ(header.text("DEPNAM00"), "zspex");
    EXPECT_EQ(header.text("DEPVER00"), "0.1.0");
    // What identifies the input, and nothing else of it.
    EXPECT_EQ(header.text("SPGRP"), "healpix");
    EXPECT_EQ(header.integer("SPGRPVAL"), 27);
    EXPECT_EQ(header.logical("HPXNEST"), true);
    EXPECT_FALSE(header.has("EXPTIME"));
    std::string order;
    for (const Card& card : header.cards())
      for (const char* key : {"LONGSTRN", "RRVER", "TEMNAM00", "TEMVER00", "TEMFIL00", "TEMNAM01", "DEPNAM00", "SPGRP"})
        if (card.key == key) order += card.key + " ";
    EXPECT_EQ(order, "LONGSTRN RRVER TEMNAM00 TEMVER00 TEMFIL00 TEMNAM01 DEPNAM00 SPGRP ");
  }
}

TEST(RedshiftsFits, WithoutThemThereAreNoExposuresAndNoTsnr2) {
  const TempDir folder;
  RedshiftResults results = test::sample_redshifts();
  results.exp_fibermap.reset();
  results.tsnr2.reset();
  write_redshifts_fits(folder / "rr.fits", results, {});
  EXPECT_EQ(detail::FitsReader(folder / "rr.fits").hdus().size(), 3u);
}

void expect_best_rows(const std::vector<RedshiftRow>& rows, const RedshiftResults& results) {
  ASSERT_EQ(rows.size(), results.zfit.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const RedshiftRow &row = rows[i], &best = results.zfit[i][0];
    EXPECT_EQ(row.targetid, best.targetid);
    EXPECT_EQ(row.z, best.z) << "not rounded";
    EXPECT_EQ(row.zerr, static_cast<float>(best.zerr));
    EXPECT_EQ(row.zwarn, best.zwarn);
    EXPECT_EQ(row.chi2, static_cast<float>(best.chi2));
    EXPECT_EQ(row.deltachi2, static_cast<float>(best.deltachi2));
    EXPECT_EQ(row.npixels, best.npixels);
    EXPECT_EQ(row.ncoeff, best.ncoeff);
    EXPECT_EQ(row.spectype, best.spectype);
    EXPECT_EQ(row.subtype, best.subtype);
    EXPECT_EQ(row.fitmethod, best.fitmethod);
    ASSERT_EQ(row.coeff.size(), 4u);
    EXPECT_EQ(row.coeff[1], best.coeff.size() > 1 ? best.coeff[1] : 0);
  }
}

TEST(Redshifts, TheBestRowsAreReadFromEveryKindOfFile) {
  const TempDir folder;
  const RedshiftResults results = test::sample_redshifts();
  write_redshifts_fits(folder / "rr.fits", results, {});
  write_redshifts_hdf5(folder / "rr.h5", results, {}, {});
  DetailsWriter details(folder / "rrdetails.h5");
  details.finish(results, {}, {});
  for (const char* name : {"rr.fits", "rr.h5", "rrdetails.h5"})
    expect_best_rows(read_redshifts(folder / name), results);
  for (const char* name : {"rr.h5", "rrdetails.h5"}) {
    const auto rows = read_zfit(folder / name, -8);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1].znum, 1);
    EXPECT_EQ(rows[1].z, results.zfit[1][1].z);
    EXPECT_EQ(rows[1].spectype, "STAR");
    expect_error([&] { (void)read_zfit(folder / name, 5); }, ExitCode::input, {name, "/zfit/5"});
  }
  Table table = read_hdu(folder / "rr.fits", "REDSHIFTS");
  EXPECT_EQ(
      forms(detail::Hdf5Reader(folder / "rr.h5").table("/redshifts")),
      "TARGETID 1K, Z 1D, ZERR 1E, ZWARN 1J, CHI2 1E, COEFF 4E, FITMETHOD 4A, NPIXELS 1J, SPECTYPE 6A, SUBTYPE 3A, "
      "NCOEFF 1I, DELTACHI2 1E, MODEL_CHI2 1D");
}

// Redrock's files of before 2021: HDU ZBEST, no FITMETHOD, FIBERMAP with a row per exposure.
TEST(Redshifts, EarlyFilesHaveThemInZbest) {
  const TempDir folder;
  const RedshiftResults results = test::sample_redshifts();
  write_redshifts_fits(folder / "rr.fits", results, {});
  Table redshifts = read_hdu(folder / "rr.fits", "REDSHIFTS");
  std::erase_if(redshifts.columns, [](const Column& column) { return column.name == "FITMETHOD"; });
  redshifts.name = "ZBEST";
  {
    detail::FitsWriter file(folder / "zbest.fits", 10000);
    file.primary({});
    file.table(redshifts);
    file.finish();
  }
  const auto rows = read_redshifts(folder / "zbest.fits");
  ASSERT_EQ(rows.size(), results.zfit.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].z, results.zfit[i].front().z);
    EXPECT_EQ(rows[i].spectype, results.zfit[i].front().spectype);
    EXPECT_EQ(rows[i].fitmethod, "");
  }
  const ResultsSummary summary = read_summary(folder / "zbest.fits");
  EXPECT_EQ(summary.kind, FileKind::redshifts_fits);
  EXPECT_TRUE(summary.has_redshifts);
}

TEST(Redshifts, OurHdf5HasWhatTheFitsFileHasAndNoScan) {
  const TempDir folder;
  const RedshiftResults results = test::sample_redshifts();
  write_redshifts_hdf5(folder / "rr.h5", results, test::sample_provenance(), test::sample_timing());
  const detail::Hdf5Reader file(folder / "rr.h5");
  EXPECT_EQ(file.text("/", "zspex_format"), "results");
  EXPECT_EQ(file.integer("/", "layout_version"), 1);
  EXPECT_EQ(file.children("/"), (std::vector<std::string>{"exp_fibermap", "fibermap", "provenance", "redshifts",
                                                          "targetids", "timing", "tsnr2", "zfit"}));
  EXPECT_EQ(file.array1<std::int64_t>("/targetids"), results.targetid) << "Redrock's readers need them";
  const auto columns = file.texts("/redshifts", "column_descriptions");
  ASSERT_EQ(columns.size(), file.table("/redshifts").columns.size());
  EXPECT_NE(columns[3].find("9 NODATA, 10 BAD_MINFIT"), std::string::npos) << columns[3];
  EXPECT_EQ(file.texts("/redshifts", "dimensions"), std::vector<std::string>{"target"});
  EXPECT_EQ(file.table("/redshifts").numbers("MODEL_CHI2", ""), (std::vector<double>{101.5, 201.5, 301.5}));
  EXPECT_EQ(file.table("/fibermap").integers("TARGETID", ""), results.fibermap.integers("TARGETID", ""));
}

TEST(Details, DatasetsAreRedrocksInShapeAndType) {
  const TempDir folder;
  const RedshiftResults results = test::sample_redshifts();
  const ZscanTable scan = test::sample_zscan();
  DetailsWriter writer(folder / "d.h5");
  writer.add_scan(scan);
  writer.finish(results, test::sample_provenance(), test::sample_timing());
  const detail::Hdf5Reader file(folder / "d.h5");
  using Shape = std::vector<std::size_t>;
  const auto expect = [&](const std::string& name, const std::string& type, const Shape& shape) {
    EXPECT_EQ(file.type_name(name), type) << name;
    EXPECT_EQ(file.shape(name), shape) << name;
  };
  expect("/targetids", "int64", {3});
  expect("/zscan/QSO:::HIZ/redshifts", "float64", {5});
  expect("/zscan/QSO:::HIZ/zchi2", "float32", {3, 5});
  expect("/zscan/QSO:::HIZ/penalty", "float32", {3, 5});
  expect("/zscan/QSO:::HIZ/zcoeff", "float32", {3, 5, 2});
  const std::string fields =
      "targetid 1K, z 1D, zerr 1E, zwarn 1J, chi2 1E, zz 3E, zzchi2 3E, coeff 4E, fitmethod 4A, npixels 1J, spectype "
      "6A, "
      "subtype 3A, ncoeff 1B";
  EXPECT_EQ(forms(file.table("/zbest")), fields + ", deltachi2 1E");
  // The tables of all targets have one type, as wide as the longest text of the file.
  for (const char* target : {"39627800000000007", "-8", "12"})
    EXPECT_EQ(forms(file.table(std::string("/zfit/") + target + "/zfit")), fields + ", znum 1B, deltachi2 1E");
  EXPECT_EQ(file.children("/zfit").size(), 3u);
  const Table zfit = file.table("/zfit/-8/zfit");
  EXPECT_EQ(zfit.integers("znum", ""), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(zfit.integers("ncoeff", ""), (std::vector<std::int64_t>{4, 3}));
  EXPECT_EQ(std::get<std::vector<float>>(zfit.find("zz")->values), (std::vector<float>{0.5, 1, 1.5, 0.5, 1, 1.5}));
  EXPECT_EQ(file.shape("/zbest"), (Shape{3}));
  using Names = std::vector<std::string>;
  EXPECT_EQ(file.texts("/zscan/QSO:::HIZ/zcoeff", "dimensions"), (Names{"target", "redshift", "basis"}));
  EXPECT_EQ(file.texts("/zscan/QSO:::HIZ/redshifts", "dimensions"), (Names{"redshift"}));
  EXPECT_NE(file.texts("/zbest", "column_descriptions")[3].find("0 SKY"), std::string::npos);
}

TEST(Details, ScansAreStoredCompressed) {
  const TempDir folder;
  ZscanTable scan = test::sample_zscan();
  scan.zchi2 = Array2<float>({3, 5}, 7);
  scan.redshifts.assign(4000, 0);
  for (std::size_t i = 0; i < scan.redshifts.size(); ++i) scan.redshifts[i] = static_cast<double>(i);
  scan.zchi2 = scan.penalty = Array2<float>({3, 4000}, 7);
  scan.zcoeff = Array3<float>({3, 4000, 2}, 1);
  DetailsWriter writer(folder / "d.h5");
  writer.add_scan(scan);
  writer.finish(test::sample_redshifts(), {}, {});
  const detail::Hdf5Reader file(folder / "d.h5");
  for (const char* name : {"zchi2", "penalty", "zcoeff"})
    EXPECT_LT(file.stored_bytes(std::string("/zscan/QSO:::HIZ/") + name), 12000u) << name;
}

TEST(Details, AScanIsReadBackForTheTargetsThatAreAsked) {
  const TempDir folder;
  const ZscanTable scan = test::sample_zscan();
  DetailsWriter writer(folder / "d.h5");
  writer.add_scan(scan);
  ZscanTable star = scan;
  star.full_type = "STAR:::A";
  writer.add_scan(star);
  writer.finish(test::sample_redshifts(), {}, {});
  EXPECT_EQ(zscan_types(folder / "d.h5"), (std::vector<std::string>{"QSO:::HIZ", "STAR:::A"}));
  const ZscanTable back = read_zscan(folder / "d.h5", "QSO:::HIZ", {12, 39627800000000007});
  EXPECT_EQ(back.full_type, "QSO:::HIZ");
  EXPECT_EQ(back.redshifts, scan.redshifts);
  ASSERT_EQ(back.zchi2.shape(), (std::array<std::size_t, 2>{2, 5}));
  for (const auto [to, from] : {std::array<std::size_t, 2>{0, 2}, std::array<std::size_t, 2>{1, 0}}) {
    for (std::size_t iz = 0; iz < 5; ++iz) {
      EXPECT_EQ(back.zchi2(to, iz), scan.zchi2(from, iz));
      EXPECT_EQ(back.penalty(to, iz), scan.penalty(from, iz));
      for (std::size_t k = 0; k < 2; ++k) EXPECT_EQ(back.zcoeff(to, iz, k), scan.zcoeff(from, iz, k));
    }
  }
  expect_error([&] { (void)read_zscan(folder / "d.h5", "GALAXY", {12}); }, ExitCode::input, {"d.h5[/zscan]", "GALAXY"});
  expect_error([&] { (void)read_zscan(folder / "d.h5", "STAR:::A", {12, 5}); }, ExitCode::input, {"target 5"});
}

TEST(Details, AScanThatIsNoChi2IsRefused) {
  const TempDir folder;
  for (const float bad : {-1.0F, std::numeric_limits<float>::quiet_NaN()}) {
    ZscanTable scan = test::sample_zscan();
    scan.zchi2(1, 2) = bad;
    DetailsWriter writer(folder / "d.h5");
    writer.add_scan(scan);
    writer.finish(test::sample_redshifts(), {}, {});
    expect_error([&] { (void)read_zscan(folder / "d.h5", "QSO:::HIZ", {12}); }, ExitCode::input,
                 {"d.h5[/zscan/QSO:::HIZ/zchi2]", "zero or more", "without --chi2-scan"});
  }
}

TEST(Details, NothingIsWrittenBeforeItIsWhole) {
  const TempDir folder;
  {
    DetailsWriter writer(folder / "d.h5");
    writer.add_scan(test::sample_zscan());
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(Details, ReadsWhatRedrockWrote) {
  const std::string data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "no ../shared/data";
  const std::string golden = data + "/golden/redrock/";
  const auto best = read_redshifts(golden + "redrock-golden.fits");
  ASSERT_EQ(best.size(), 16u);
  const auto details = read_redshifts(golden + "rrdetails-golden.h5");
  ASSERT_EQ(details.size(), 16u);
  for (std::size_t i = 0; i < best.size(); ++i) {
    EXPECT_EQ(details[i].targetid, best[i].targetid);
    EXPECT_EQ(details[i].z, best[i].z);
    EXPECT_EQ(details[i].spectype, best[i].spectype);
    const auto rows = read_zfit(golden + "rrdetails-golden.h5", best[i].targetid);
    EXPECT_EQ(rows[0].z, best[i].z);
    EXPECT_EQ(rows.back().znum, static_cast<int>(rows.size()) - 1);
  }
  EXPECT_EQ(zscan_types(golden + "rrdetails-golden.h5").size(), 11u);
  const ZscanTable scan = read_zscan(golden + "rrdetails-golden.h5", "STAR:::A", {best[3].targetid});
  EXPECT_EQ(scan.zchi2.shape(), (std::array<std::size_t, 2>{1, 101}));
  // Older files have other widths (float64, int64) and no FITMETHOD.
  const auto old = read_redshifts(golden + "redrock-test.fits");
  const auto old_details = read_redshifts(golden + "rrdetails-test.h5");
  ASSERT_EQ(old.size(), old_details.size());
  EXPECT_EQ(old[0].z, old_details[0].z);
  EXPECT_EQ(old[0].fitmethod, "");
  const auto types = zscan_types(golden + "rrdetails-test.h5");
  ASSERT_FALSE(types.empty());
  EXPECT_EQ(read_zscan(golden + "rrdetails-test.h5", types[0], {old[0].targetid}).zchi2.extent(0), 1u);
}

TEST(ModelFits, HasRedshiftsAndAModelForEachBand) {
  const TempDir folder;
  const RedshiftResults results = test::sample_redshifts();
  const std::vector<ModelSpectra> models = {{"b", {3600, 3601}, Array2<float>({3, 2}, {1, 2, 3, 4, 5, 6})},
                                            {"z", {8000, 8001, 8002}, Array2<float>({3, 3}, 1.5F)}};
  write_model_fits(folder / "rrmodel.fits", results, models, test::sample_provenance());
  detail::FitsReader file(folder / "rrmodel.fits");
  std::vector<std::string> names;
  for (const auto& hdu : file.hdus()) names.push_back(hdu.name);
  EXPECT_EQ(names, (std::vector<std::string>{"", "REDSHIFTS", "B_WAVELENGTH", "B_MODEL", "Z_WAVELENGTH", "Z_MODEL"}));
  EXPECT_EQ(file.need("B_WAVELENGTH").pixel_type, DOUBLE_IMG);
  EXPECT_EQ(file.need("B_MODEL").pixel_type, FLOAT_IMG);
  EXPECT_EQ(file.image2<float>(file.need("B_MODEL")), models[0].model);
  EXPECT_EQ(file.image1<double>(file.need("Z_WAVELENGTH")), models[1].wave);
  EXPECT_EQ(file.header(file.need("Z_WAVELENGTH")).text("BUNIT"), "Angstrom");
  EXPECT_EQ(file.header(file.hdus()[0]).text("TEMNAM01"), "QSO:::HIZ");
  expect_best_rows(read_redshifts(folder / "rrmodel.fits"), results);
}

}  // namespace
}  // namespace zspex::io
