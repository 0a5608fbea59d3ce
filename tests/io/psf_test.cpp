#include "io/psf.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::big_endian;
using test::card;
using test::expect_error;
using test::RawFits;

/// A PSF file made byte by byte: 3 fibers, degree 1, GHDEGX 1, GHDEGY 0.
struct RawPsf {
  struct Row {
    std::string name;
    std::vector<double> coeff;
    double wavemin = 5000, wavemax = 5100;
  };
  static constexpr int nspec = 3;
  int version = 3;
  std::string type = "GAUSS-HERMITE";
  std::vector<std::string> keywords = {card("NPIX_X", "41"),    card("NPIX_Y", "53"),     card("HSIZEX", "4"),
                                       card("HSIZEY", "3"),     card("FIBERMIN", "0"),    card("FIBERMAX", "2"),
                                       card("LEGDEG", "1"),     card("GHDEGX", "1"),      card("GHDEGY", "0"),
                                       card("WAVEMIN", "5000"), card("WAVEMAX", "5100.0")};
  std::vector<Row> rows = {{"GHSIGX", {1.1, 0.1, 1.2, 0.0, 1.3, 0.0}},
                           {"GHSIGY", {0.9, 0.2, 1.0, 0.0, 1.1, 0.0}},
                           {"GH-0-0", {1.0, 0.2, 1.0, 0.0, 1.0, 0.0}},
                           {"GH-1-0", {0.01, 0.02, 0.03, 0.04, 0.05, 0.06}},
                           {"STATUS", {0, 0, 0, 0, 0, 0}}};
  std::size_t xtrace_rows = 3;

  std::string table_bytes() const {
    std::string data;
    for (const Row& row : rows) {
      std::string name = row.name;
      name.resize(8, ' ');
      data += name;
      if (version < 3) data += big_endian<double>({row.wavemin, row.wavemax});
      data += big_endian(row.coeff);
    }
    return data;
  }

  void save(const std::string& path) const {
    RawFits file;
    const std::string quoted = "'" + type + "'";
    if (version >= 3) {
      const std::vector<std::string> range = {card("WAVEMIN", "5001"), card("WAVEMAX", "5099"), card("PSFTYPE", quoted),
                                              card("PSFVER", "3")};
      std::vector<double> trace;
      for (std::size_t i = 0; i < xtrace_rows * 4; ++i) trace.push_back(static_cast<double>(i));
      file.image("XTRACE", -64, {xtrace_rows, 4}, big_endian(trace), range);
      file.image("YTRACE", -64, {3, 2}, big_endian<double>({1, 2, 3, 4, 5, 6}),
                 {card("WAVEMIN", "5002"), card("WAVEMAX", "5098")});
    } else {
      file.image("", 8, {}, "", {card("PSFTYPE", quoted), card("PSFVER", "'2       '")});
    }
    const std::size_t width = 8 + (version < 3 ? 16 : 0) + 6 * 8;
    std::vector<std::string> cards = {card("XTENSION", "'BINTABLE'"),
                                      card("BITPIX", "8"),
                                      card("NAXIS", "2"),
                                      card("NAXIS1", std::to_string(width)),
                                      card("NAXIS2", std::to_string(rows.size())),
                                      card("PCOUNT", "0"),
                                      card("GCOUNT", "1"),
                                      card("TFIELDS", version < 3 ? "4" : "2"),
                                      card("TTYPE1", "'PARAM'"),
                                      card("TFORM1", "'8A'")};
    const std::string last = version < 3 ? "4" : "2";
    if (version < 3)
      cards.insert(cards.end(), {card("TTYPE2", "'WAVEMIN'"), card("TFORM2", "'1D'"), card("TTYPE3", "'WAVEMAX'"),
                                 card("TFORM3", "'D'")});
    cards.insert(cards.end(), {card("TTYPE" + last, "'COEFF'"), card("TFORM" + last, "'6D'"),
                               card("TDIM" + last, "'(2,3)'"), card("PSFTYPE", quoted),
                               card("PSFVER", "'" + std::to_string(version) + "'"), card("CAMERA", "'''B3'''")});
    if (version >= 3) cards.push_back(card("EXTNAME", "'PSF'"));
    cards.insert(cards.end(), keywords.begin(), keywords.end());
    file.hdu(cards, table_bytes());
    file.save(path);
  }

  void erase(const std::string& name) {
    std::erase_if(rows, [&](const Row& row) { return row.name == name; });
  }
  Row& row(const std::string& name) {
    for (Row& row : rows)
      if (row.name == name) return row;
    throw std::logic_error(name);
  }
  void replace(const std::string& key, const std::string& value) {
    for (std::string& keyword : keywords)
      if (keyword.starts_with(key)) keyword = card(key, value);
  }
};

void refused(const RawPsf& psf, const std::vector<std::string>& words) {
  const test::TempDir folder;
  psf.save(folder / "psf.fits");
  expect_error([&] { (void)read_psf(folder / "psf.fits"); }, ExitCode::input, words);
}

TEST(Psf, WhatIsWrittenIsReadBack) {
  const test::TempDir folder;
  const PsfFile psf = test::sample_psf(7);
  for (const char* name : {"psf.fits", "psf.fits.gz"}) {
    write_psf(folder / name, psf);
    const PsfFile back = read_psf(folder / name);
    EXPECT_EQ(back.camera, "r0");
    EXPECT_EQ(back.nspec, 7);
    EXPECT_EQ(back.npix_x, 41);
    EXPECT_EQ(back.npix_y, 53);
    EXPECT_EQ(back.hsizex, 4);
    EXPECT_EQ(back.hsizey, 3);
    EXPECT_EQ(back.ghdegx, 2);
    EXPECT_EQ(back.ghdegy, 1);
    EXPECT_EQ(back.psferr, 0.0125);
    EXPECT_EQ(back.wavemin, psf.wavemin);
    EXPECT_EQ(back.wavemax, psf.wavemax);
    EXPECT_TRUE(back.has_tail);
    test::expect_same(psf.x, back.x, "x");
    test::expect_same(psf.y, back.y, "y");
    test::expect_same(psf.sigmax, back.sigmax, "sigmax");
    test::expect_same(psf.sigmay, back.sigmay, "sigmay");
    ASSERT_EQ(back.gh.size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) test::expect_same(psf.gh[i], back.gh[i], "gh " + std::to_string(i));
    ASSERT_EQ(back.tail.size(), 5u);
    for (std::size_t i = 0; i < 5; ++i) test::expect_same(psf.tail[i], back.tail[i], "tail " + std::to_string(i));
  }
}

TEST(Psf, KeywordsAndRangesComeFromTheirOwnHdus) {
  const test::TempDir folder;
  RawPsf().save(folder / "psf.fits");
  const PsfFile psf = read_psf(folder / "psf.fits");
  EXPECT_EQ(psf.camera, "b3") << "quotes inside the quotes";
  EXPECT_EQ(psf.psferr, 0.01) << "not in the file";
  EXPECT_EQ(psf.x.wavemin, 5001);
  EXPECT_EQ(psf.x.wavemax, 5099);
  EXPECT_EQ(psf.y.wavemin, 5002);
  EXPECT_EQ(psf.sigmax.wavemax, 5100);
  EXPECT_EQ(psf.x.coeff(1, 2), 6);
  EXPECT_EQ(psf.y.coeff(2, 0), 5);
  ASSERT_EQ(psf.gh.size(), 2u);
  EXPECT_EQ(psf.gh[1].coeff(1, 1), 0.04);
  EXPECT_EQ(psf.gh[0].coeff(0, 1), 0.2) << "all coefficients count";
  EXPECT_TRUE(psf.tail.empty());
  EXPECT_FALSE(psf.has_tail);
}

TEST(Psf, FibersOfAPetalAreTakenAndThoseOfABundleAreNot) {
  const test::TempDir folder;
  RawPsf file;
  std::erase_if(file.keywords, [](const std::string& k) { return k.starts_with("FIBERM"); });
  RawPsf bundle = file;
  file.keywords.insert(file.keywords.end(), {card("FIBERMIN", "1500"), card("FIBERMAX", "1502")});
  file.save(folder / "psf.fits");
  EXPECT_EQ(read_psf(folder / "psf.fits").nspec, 3);
  bundle.keywords.insert(bundle.keywords.end(), {card("FIBERMIN", "25"), card("FIBERMAX", "27")});
  refused(bundle, {"FIBERMIN", "found fibers 25 to 27", "Merge"});
}

TEST(Psf, PsferrIsReadAndPsferrorIsNot) {
  const test::TempDir folder;
  RawPsf file;
  file.keywords.push_back(card("PSFERROR", "0.5"));
  file.save(folder / "psf.fits");
  EXPECT_EQ(read_psf(folder / "psf.fits").psferr, 0.01);
  file.keywords.push_back(card("PSFERR", "0.04"));
  file.save(folder / "psf.fits");
  EXPECT_EQ(read_psf(folder / "psf.fits").psferr, 0.04);
}

TEST(Psf, AbsentHermiteTermsAreZero) {
  const test::TempDir folder;
  RawPsf file;
  file.erase("GH-1-0");
  file.save(folder / "psf.fits");
  const PsfFile psf = read_psf(folder / "psf.fits");
  ASSERT_EQ(psf.gh.size(), 2u);
  EXPECT_EQ(psf.gh[1].coeff, Array2<double>({3, 2}));
}

TEST(Psf, TheFormerFormatWithTracesInTheTableIsRead) {
  const test::TempDir folder;
  RawPsf file;
  file.version = 2;
  file.rows.push_back({"X", {10, 1, 20, 2, 30, 3}, 4990, 5110});
  file.rows.push_back({"Y", {11, 4, 21, 5, 31, 6}});
  file.save(folder / "psf.fits");
  const PsfFile psf = read_psf(folder / "psf.fits");
  EXPECT_EQ(psf.x.coeff(2, 0), 30);
  EXPECT_EQ(psf.x.wavemin, 4990);
  EXPECT_EQ(psf.y.coeff(1, 1), 5);
  EXPECT_EQ(psf.y.wavemin, 5000);
  EXPECT_EQ(psf.wavemax, 5100);
  file.erase("X");
  file.save(folder / "psf.fits");
  expect_error([&] { (void)read_psf(folder / "psf.fits"); }, ExitCode::input, {"parameter X"});
}

TEST(Psf, TwoCoresAreRead) {
  const test::TempDir folder;
  RawPsf file;
  file.version = 2;
  file.type = "GAUSS-HERMITE2";
  file.keywords.insert(file.keywords.end(), {card("GHDEGX2", "0"), card("GHDEGY2", "1")});
  file.rows.push_back({"X", {10, 1, 20, 2, 30, 3}});
  file.rows.push_back({"Y", {11, 4, 21, 5, 31, 6}});
  file.rows.push_back({"GHSIGX2", {2.1, 0.1, 2.2, 0, 2.3, 0}});
  file.rows.push_back({"GHSIGY2", {3.1, 0.1, 3.2, 0, 3.3, 0}});
  file.rows.push_back({"GHNSIG", {3.5, 0, 3.6, 0, 3.7, 0}});
  file.rows.push_back({"GH2-0-0", {0.2, 0, 0.3, 0, 0.4, 0.05}});
  file.save(folder / "psf.fits");
  const PsfFile psf = read_psf(folder / "psf.fits");
  ASSERT_TRUE(psf.second);
  EXPECT_TRUE(psf.bad_fibers.empty());
  EXPECT_EQ(psf.second->ghdegx, 0);
  EXPECT_EQ(psf.second->ghdegy, 1);
  EXPECT_EQ(psf.second->sigmax.coeff(1, 0), 2.2);
  EXPECT_EQ(psf.second->sigmay.coeff(0, 1), 0.1);
  EXPECT_EQ(psf.second->nsig.coeff(2, 0), 3.7);
  ASSERT_EQ(psf.second->gh.size(), 2u);
  EXPECT_EQ(psf.second->gh[0].coeff(2, 1), 0.05);
  EXPECT_EQ(psf.second->gh[1].coeff, Array2<double>({3, 2})) << "absent: zero";
  EXPECT_EQ(psf.gh.size(), 2u);
  file.erase("GHNSIG");
  refused(file, {"GHNSIG"});
}

TEST(Psf, AnotherTypeIsRefused) {
  RawPsf file;
  file.type = "SPOTGRID";
  refused(file, {"psf.fits", "PSFTYPE", "SPOTGRID"});
}

TEST(Psf, MissingRowsAreNamed) {
  for (const char* name : {"GHSIGX", "GHSIGY", "GH-0-0"}) {
    RawPsf file;
    file.erase(name);
    refused(file, {"psf.fits[PSF]", std::string("parameter ") + name});
  }
  RawPsf file;
  file.rows.push_back({"TAILAMP", {0.1, 0, 0.1, 0, 0.1, 0}});
  refused(file, {"parameter TAILCORE"});
  file = {};
  file.rows.push_back(file.rows[0]);
  refused(file, {"one row", "GHSIGX"});
}

TEST(Psf, FibersMissingFromATraceAreNamed) {
  RawPsf file;
  file.xtrace_rows = 2;
  refused(file, {"psf.fits[XTRACE]", "3 rows of Legendre coefficients", "found 2"});
}

TEST(Psf, TablesOfTheWrongSizeAreRefused) {
  RawPsf file;
  file.replace("FIBERMAX", "4");  // 5 fibers do not divide 6 values
  refused(file, {"COEFF", "5 fibers", "6 values"});
  file = {};
  file.replace("LEGDEG", "2");
  refused(file, {"LEGDEG + 1 = 3"});
}

PsfFile read_back(const RawPsf& file) {
  const test::TempDir folder;
  file.save(folder / "psf.fits");
  return read_psf(folder / "psf.fits");
}

void expect_bad(const PsfFile& psf, int ispec, const std::vector<std::string>& words) {
  ASSERT_EQ(psf.bad_fibers.size(), 1u);
  EXPECT_EQ(psf.bad_fibers[0].ispec, ispec);
  for (const std::string& word : words)
    EXPECT_NE(psf.bad_fibers[0].why.find(word), std::string::npos) << psf.bad_fibers[0].why;
}

TEST(Psf, NaNIsNamedWithItsFiber) {
  RawPsf file;
  EXPECT_TRUE(read_back(file).bad_fibers.empty());
  file.row("GH-1-0").coeff[5] = std::numeric_limits<double>::quiet_NaN();
  expect_bad(read_back(file), 2, {"NaN", "coefficient 1 of GH-1-0"});
  file = {};
  file.row("STATUS").coeff[0] = std::numeric_limits<double>::quiet_NaN();  // not part of the PSF
  EXPECT_TRUE(read_back(file).bad_fibers.empty());
}

TEST(Psf, NonsenseInKeywordsIsRefused) {
  for (const char* value : {"-1", "1E300", "1.01"}) {
    RawPsf file;
    file.keywords.push_back(card("PSFERR", value));
    refused(file, {"psf.fits[PSF]", "PSFERR from 0 to 1"});
  }
  for (const char* value : {"NaN", "'one'", "1.5"}) {
    RawPsf file;
    file.replace("LEGDEG", value);
    refused(file, {"psf.fits[PSF]", "LEGDEG", "whole number"});
  }
}

TEST(Psf, ShapesThatNoSpotHasMakeAFiberBad) {
  for (const double sigma : {1e-30, 1e30}) {
    RawPsf file;
    file.row("GHSIGY").coeff[2] = sigma;
    expect_bad(read_back(file), 1, {"GHSIGY is not from 0.01 to 100"});
  }
  for (const double amount : {0.0, -1.0, 1e30}) {
    RawPsf file;
    file.row("GH-0-0").coeff[4] = amount;
    expect_bad(read_back(file), 2, {"GH-0-0"});
  }
  RawPsf file;
  for (double& value : file.row("GH-0-0").coeff) value = 0;
  refused(file, {"GH-0-0", "fiber 0"});
}

TEST(Psf, OtherNumbersOfFibersAreTold) {
  EXPECT_TRUE(read_back({}).notes.empty());
  RawPsf file;
  file.replace("FIBERMIN", "1500");
  file.replace("FIBERMAX", "1502");
  const PsfFile psf = read_back(file);
  ASSERT_EQ(psf.notes.size(), 1u);
  EXPECT_NE(psf.notes[0].find("1500 to 1502"), std::string::npos) << psf.notes[0];
}

TEST(Psf, SigmasMustBePositiveEverywhere) {
  RawPsf file;
  file.row("GHSIGX").coeff[3] = 1.3;  // fiber 1: 1.2 + 1.3 u is negative at the blue end
  expect_bad(read_back(file), 1, {"GHSIGX", "above 0", "5000"});
}

TEST(Psf, ATraceOfZerosIsNamed) {
  RawPsf file;
  file.version = 2;
  file.rows.push_back({"X", {10, 1, 20, 2, 30, 3}});
  file.rows.push_back({"Y", {11, 4, 0, 0, 31, 6}});
  expect_bad(read_back(file), 1, {"trace Y", "0"});
}

TEST(Psf, WithoutAnyUsableFiberItIsRefused) {
  RawPsf file;
  for (double& value : file.row("GHSIGY").coeff) value = 0;
  refused(file, {"psf.fits[PSF]", "found none", "fiber 0", "GHSIGY"});
}

TEST(Psf, SenselessKeywordsAreNamed) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"NPIX_X", "0"}, {"HSIZEY", "-3"}, {"GHDEGX", "1.5"}, {"FIBERMAX", "-1"}, {"NPIX_Y", "'many'"}}) {
    RawPsf file;
    file.replace(key, value);
    refused(file, {"psf.fits[PSF]", key});
  }
  RawPsf file;
  file.replace("WAVEMAX", "4000");
  refused(file, {"WAVEMIN < WAVEMAX"});
  file = {};
  std::erase_if(file.keywords, [](const std::string& k) { return k.starts_with("HSIZEX"); });
  refused(file, {"HSIZEX", "no such keyword"});
}

TEST(Psf, MissingEmptyForeignAndTruncatedFilesAreRefused) {
  const test::TempDir folder;
  const auto refuses = [&](const std::vector<std::string>& words) {
    expect_error([&] { (void)read_psf(folder / "psf.fits"); }, ExitCode::input, words);
  };
  refuses({"No such file"});
  test::write_bytes(folder / "psf.fits", "");
  refuses({"empty"});
  test::write_bytes(folder / "psf.fits", std::string(6000, 'z'));
  refuses({"something else"});
  write_psf(folder / "whole.fits", test::sample_psf());
  const std::string bytes = test::read_bytes(folder / "whole.fits");
  const std::size_t end_of_data = bytes.find_last_not_of('\0');  // the padding behind it may be missing
  for (std::size_t length = 360; length <= end_of_data; length += 360) {
    test::write_bytes(folder / "psf.fits", bytes.substr(0, length));
    refuses({"psf.fits"});
  }
}

TEST(Psf, SeriesOfUnequalSizeAreNotWritten) {
  const test::TempDir folder;
  PsfFile psf = test::sample_psf();
  psf.gh[3].coeff = Array2<double>({7, 2});
  expect_error([&] { write_psf(folder / "psf.fits", psf); }, ExitCode::output, {"GH-1-1"});
  psf = test::sample_psf();
  psf.gh.pop_back();
  expect_error([&] { write_psf(folder / "psf.fits", psf); }, ExitCode::output, {"6 Hermite terms"});
  EXPECT_TRUE(folder.names().empty());
}

TEST(Psf, RealFilesAreRead) {
  const std::string data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "../shared/data is not here";
  const PsfFile psf = read_psf(data + "/psf/psf-r0-00051060.fits");
  EXPECT_EQ(psf.camera, "r0");
  EXPECT_EQ(psf.nspec, 500);
  EXPECT_EQ(psf.npix_x, 4114);
  EXPECT_EQ(psf.npix_y, 4128);
  EXPECT_EQ(psf.hsizex, 8);
  EXPECT_EQ(psf.hsizey, 5);
  EXPECT_EQ(psf.gh.size(), 49u);
  EXPECT_EQ(psf.x.coeff.extent(1), 7u);
  EXPECT_EQ(psf.x.wavemax, 7826);
  EXPECT_EQ(psf.sigmax.wavemax, 7827);
  EXPECT_FALSE(psf.has_tail);
  EXPECT_EQ(psf.tail.size(), 5u);
  EXPECT_EQ(psf.psferr, 0.01);
  // GH-0-0 carries GHSIGY's higher coefficients in real files; they must come through.
  for (std::size_t k = 1; k < 4; ++k) EXPECT_EQ(psf.gh[0].coeff(17, k), psf.sigmay.coeff(17, k));
  for (const char* name : {"/psf/psf-b0-derived.fits", "/psf/psf-z0-derived.fits"})
    EXPECT_NO_THROW((void)read_psf(data + name));
}

}  // namespace
}  // namespace zspex::io
