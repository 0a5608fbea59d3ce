#include "io/spectra.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "io/detail/fits_writer.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

TEST(WriteSpectra, WhatIsWrittenIsReadBack) {
  const TempDir folder;
  for (const SpectraKind kind : {SpectraKind::coadd, SpectraKind::spectra})
    for (const char* name : {"s.fits", "s.fits.gz", "s.fits.fz"}) {
      SpectraFile file = test::sample_spectra(kind);
      file.path = folder / name;
      write_spectra(file);
      file.header.set("LONGSTRN", "OGIP 1.0");
      test::expect_same(file, read_spectra(file.path));
      EXPECT_EQ(folder.names().size(), 1u) << "nothing temporary is left";
      std::filesystem::remove(file.path);
    }
}

TEST(WriteSpectra, HdusAreInDesisOrder) {
  const TempDir folder;
  SpectraFile file = test::sample_spectra(SpectraKind::coadd);
  file.path = folder / "coadd.fits";
  write_spectra(file);
  std::string bytes = test::read_bytes(file.path);
  std::size_t at = 0;
  for (const char* name : {"FIBERMAP", "EXP_FIBERMAP", "B_WAVELENGTH", "B_FLUX", "B_IVAR", "B_MASK", "B_RESOLUTION",
                           "Z_WAVELENGTH", "Z_FLUX", "Z_IVAR", "Z_MASK", "Z_RESOLUTION", "SCORES"}) {
    const auto found = bytes.find(std::string("EXTNAME = '") + name, at);
    ASSERT_NE(found, std::string::npos) << name << " in this order";
    at = found;
  }
  file = test::sample_spectra(SpectraKind::spectra);
  file.path = folder / "spectra.fits";
  write_spectra(file);
  bytes = test::read_bytes(file.path);
  EXPECT_EQ(bytes.find("_MASK'"), std::string::npos) << "without masks there are no such HDUs";
}

TEST(WriteSpectra, PartsThatDoNotFitAreRefusedAndNothingIsWritten) {
  const TempDir folder;
  const auto refused = [&](const std::function<void(SpectraFile&)>& spoil, const std::string& part) {
    SpectraFile file = test::sample_spectra(SpectraKind::coadd);
    file.path = folder / "coadd.fits";
    spoil(file);
    expect_error([&] { write_spectra(file); }, ExitCode::output, {"coadd.fits", part});
    EXPECT_TRUE(folder.names().empty());
  };
  refused([](SpectraFile& file) { file.kind = SpectraKind::spectra; }, "EXP_FIBERMAP");
  refused([](SpectraFile& file) { file.exp_fibermap.reset(); }, "EXP_FIBERMAP");
  refused([](SpectraFile& file) { file.kind = SpectraKind::sdss; }, "another kind");
  refused([](SpectraFile& file) { file.bands.clear(); }, "band");
  refused([](SpectraFile& file) { file.fibermap = file.fibermap.rows(0, 2); }, "FIBERMAP");
  refused([](SpectraFile& file) { file.bands[1].ivar = Array2<float>({5, 2}); }, "Z_IVAR");
  refused([](SpectraFile& file) { file.bands[1].wave.pop_back(); }, "Z_FLUX");
  refused([](SpectraFile& file) { file.bands[1].mask = {}; }, "Z_MASK");
  refused([](SpectraFile& file) { file.bands[0].resolution = Array3<float>({5, 3, 2}); }, "B_RESOLUTION");
}

/// A file that write_spectra() would refuse to write: `skip` is left out, and nothing is checked.
std::string write_unchecked(const std::string& path, const SpectraFile& spectra, const std::string& skip = "") {
  detail::FitsWriter file(path, 0);
  file.primary(spectra.header);
  const auto table = [&](Table table, const std::string& name) {
    table.name = name;
    if (name != skip) file.table(table);
  };
  const auto image = [&](const std::string& name, const auto& values) {
    if (name != skip) file.image(name, {values.shape().begin(), values.shape().end()}, values.data());
  };
  table(spectra.fibermap, "FIBERMAP");
  if (spectra.exp_fibermap) table(*spectra.exp_fibermap, "EXP_FIBERMAP");
  for (const BandSpectra& band : spectra.bands) {
    const std::string name = band.band == "b" ? "B_" : "Z_";
    if (name + "WAVELENGTH" != skip) file.image(name + "WAVELENGTH", {band.wave.size()}, band.wave.data());
    image(name + "FLUX", band.flux);
    image(name + "IVAR", band.ivar);
    if (!band.mask.empty()) image(name + "MASK", band.mask);
    image(name + "RESOLUTION", band.resolution);
  }
  if (spectra.scores) table(*spectra.scores, "SCORES");
  file.finish();
  return path;
}

/// Three spectra of camera z7 as FLUX, IVAR, ..., made byte by byte: one target has a negative id, which begins with ff.
std::string write_cframe(const std::string& path, const std::string& camera = "'z7      '",
                         const std::string& unit = "") {
  std::vector<float> flux(3 * 4), resolution(3 * 3 * 4);
  std::iota(flux.begin(), flux.end(), 0.5F);
  std::iota(resolution.begin(), resolution.end(), 100.F);
  const std::vector<std::int32_t> mask = {0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4};
  const std::vector<double> wave = {8000, 8000.8, 8001.6, 8002.4};
  using test::big_endian;
  using test::card;
  std::vector<std::string> more;
  if (!camera.empty()) more.push_back(card("CAMERA", camera));
  if (!unit.empty()) more.push_back(card("BUNIT", "'" + unit + "'"));
  test::RawFits()
      .image("FLUX", -32, {3, 4}, big_endian(flux), more)
      .image("IVAR", -32, {3, 4}, big_endian(flux))
      .image("MASK", 32, {3, 4}, big_endian(mask))
      .image("WAVELENGTH", -64, {4}, big_endian(wave))
      .image("RESOLUTION", -32, {3, 3, 4}, big_endian(resolution))
      .hdu({card("XTENSION", "'BINTABLE'"), card("BITPIX", "8"), card("NAXIS", "2"), card("NAXIS1", "8"),
            card("NAXIS2", "3"), card("PCOUNT", "0"), card("GCOUNT", "1"), card("TFIELDS", "1"),
            card("EXTNAME", "'FIBERMAP'"), card("TTYPE1", "'TARGETID'"), card("TFORM1", "'K'")},
           big_endian(std::vector<std::int64_t>{39627800000000007, -6432023904256, 12}))
      .save(path);
  return path;
}

TEST(ReadSpectra, SomeRowsAreThoseOfTheWhole) {
  const TempDir folder;
  SpectraFile file = test::sample_spectra(SpectraKind::coadd);
  for (const char* name : {"coadd.fits", "coadd.fits.gz"}) {
    file.path = folder / name;
    write_spectra(file);
    const std::vector<std::size_t> rows = {1, 2, 4};
    const SpectraFile part = read_spectra(file.path, rows);
    EXPECT_EQ(part.targetid, (std::vector<std::int64_t>{-8, 39627800000000009, 11}));
    EXPECT_EQ(part.fibermap.integers("FIBER", "")[2], file.fibermap.integers("FIBER", "")[4]);
    EXPECT_EQ(part.scores->integers("TARGETID", ""), part.targetid);
    EXPECT_EQ(part.exp_fibermap->nrow, 11u) << "exposures are of all targets";
    for (std::size_t iband = 0; iband < 2; ++iband) {
      const BandSpectra &all = file.bands[iband], &some = part.bands[iband];
      EXPECT_EQ(some.wave, all.wave);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto same = [&](const auto& a, const auto& b) {
          return std::equal(a.row(i).begin(), a.row(i).end(), b.row(rows[i]).begin());
        };
        EXPECT_TRUE(same(some.flux, all.flux)) << "row " << i;
        EXPECT_TRUE(same(some.ivar, all.ivar)) << "row " << i;
        EXPECT_TRUE(same(some.resolution, all.resolution)) << "row " << i;
        EXPECT_TRUE(same(some.mask, all.mask)) << "row " << i;
      }
    }
    const SpectraFile tables = read_spectra_tables(file.path, rows);
    EXPECT_EQ(tables.targetid, part.targetid);
    EXPECT_TRUE(tables.bands.empty());
    EXPECT_TRUE(read_spectra(file.path, std::vector<std::size_t>{}).targetid.empty());
  }
}

TEST(ReadSpectra, InfoSaysWhatTheImagesAre) {
  const TempDir folder;
  SpectraFile file = test::sample_spectra(SpectraKind::spectra);
  file.path = folder / "spectra.fits";
  write_spectra(file);
  const SpectraInfo info = read_spectra_info(file.path);
  EXPECT_EQ(info.kind, SpectraKind::spectra) << "no EXP_FIBERMAP";
  EXPECT_EQ(info.targetid, file.targetid) << "also those that come twice";
  ASSERT_EQ(info.bands.size(), 2u);
  EXPECT_EQ(info.bands[0].band, "b");
  EXPECT_EQ(info.bands[1].wave, file.bands[1].wave);
  EXPECT_EQ(info.bands[0].ndiag, 7);
  EXPECT_EQ(info.bands[1].ndiag, 3);
}

TEST(ReadSpectra, BandsAreInTheOrderOfTheFile) {
  const TempDir folder;
  SpectraFile file = test::sample_spectra(SpectraKind::coadd);
  std::swap(file.bands[0], file.bands[1]);
  file.path = folder / "coadd.fits";
  write_spectra(file);
  EXPECT_EQ(read_spectra(file.path).bands[0].band, "z");
}

TEST(ReadSpectra, ACframeIsOneBandOfUncoaddedSpectra) {
  const TempDir folder;
  const SpectraFile file = read_spectra(write_cframe(folder / "cframe-z7-00012345.fits"));
  EXPECT_EQ(file.kind, SpectraKind::cframe);
  EXPECT_EQ(file.targetid, (std::vector<std::int64_t>{39627800000000007, -6432023904256, 12}));
  ASSERT_EQ(file.bands.size(), 1u);
  const BandSpectra& band = file.bands[0];
  EXPECT_EQ(band.band, "z");
  EXPECT_EQ(band.wave[3], 8002.4);
  EXPECT_EQ(band.flux(1, 2), 6.5F);
  EXPECT_EQ(band.mask(0, 1), 0xffffffffu);
  EXPECT_EQ(band.resolution(2, 1, 3), 100.F + 2 * 12 + 4 + 3);
  EXPECT_FALSE(file.scores || file.exp_fibermap);
  for (const char* camera : {"", "'        '"})
    expect_error([&] { (void)read_spectra(write_cframe(folder / "cframe.fits", camera)); }, ExitCode::input,
                 {"cframe.fits[FLUX]", "CAMERA"});
}

TEST(ReadSpectra, FluxThatIsNotCalibratedIsRefused) {
  const TempDir folder;
  const auto cframe = [&](const char* unit) { return write_cframe(folder / "cframe.fits", "'z7      '", unit); };
  for (const char* unit : {"10**-17 erg/(s cm2 Angstrom)", "1e-17 erg/s/cm2/Angstrom", "1E-17 ERG/CM^2/S/ANG", " "})
    EXPECT_NO_THROW((void)read_spectra(cframe(unit))) << unit;
  for (const char* unit : {"electron/Angstrom", "count/Angstrom", "adu"}) {
    const std::vector<std::string> words = {"cframe.fits[FLUX]", "erg/(s cm2 Angstrom)", std::string("found '") + unit};
    expect_error([&] { (void)read_spectra(cframe(unit)); }, ExitCode::input, words);
    expect_error([&] { (void)read_spectra_info(cframe(unit)); }, ExitCode::input, words);
  }
}

TEST(ReadSpectra, AMissingPartIsNamed) {
  const TempDir folder;
  const SpectraFile file = test::sample_spectra(SpectraKind::coadd);
  for (const char* part : {"FIBERMAP", "B_FLUX", "Z_FLUX", "Z_IVAR"}) {
    const std::string path = write_unchecked(folder / "coadd.fits", file, part);
    expect_error([&] { (void)read_spectra(path); }, ExitCode::input, {"coadd.fits", part});
  }
  SpectraFile spoilt = file;
  spoilt.fibermap.columns.erase(spoilt.fibermap.columns.begin());
  expect_error([&] { (void)read_spectra(write_unchecked(folder / "coadd.fits", spoilt)); }, ExitCode::input,
               {"FIBERMAP.TARGETID", "found FIBER"});
  // These may be absent.
  for (const char* part : {"B_MASK", "SCORES"})
    EXPECT_EQ(read_spectra(write_unchecked(folder / "coadd.fits", file, part)).targetid.size(), 5u);
  EXPECT_EQ(read_spectra(write_unchecked(folder / "coadd.fits", file, "Z_WAVELENGTH")).bands.size(), 1u);
}

TEST(ReadSpectra, PartsThatDoNotFitAreNamed) {
  const TempDir folder;
  const auto refused = [&](const std::function<void(SpectraFile&)>& spoil, const std::vector<std::string>& words) {
    SpectraFile file = test::sample_spectra(SpectraKind::coadd);
    spoil(file);
    expect_error([&] { (void)read_spectra(write_unchecked(folder / "coadd.fits", file)); }, ExitCode::input, words);
  };
  refused(
      [](SpectraFile& file) {
        file.bands[1].resolution = Array3<float>({5, 4, 23});
      },
      {"Z_RESOLUTION", "odd", "found 4"});
  refused(
      [](SpectraFile& file) {
        file.bands[1].resolution = Array3<float>({5, 25, 23});
      },
      {"Z_RESOLUTION", "found 25"});
  refused(
      [](SpectraFile& file) {
        file.bands[1].resolution = Array3<float>({4, 3, 23});
      },
      {"Z_RESOLUTION", "4 x 3 x 23"});
  refused([](SpectraFile& file) { file.bands[1].ivar = Array2<float>({5, 22}); }, {"Z_IVAR", "5 x 23", "5 x 22"});
  refused([](SpectraFile& file) { file.bands[0].mask = Array2<std::uint32_t>({4, 29}); }, {"B_MASK", "4 x 29"});
  refused([](SpectraFile& file) { file.bands[1].flux = Array2<float>({6, 23}); }, {"Z_FLUX", "6 x 23"});
  refused([](SpectraFile& file) { file.bands[1].wave.pop_back(); }, {"Z_FLUX", "5 x 22", "5 x 23"});
  refused([](SpectraFile& file) { file.bands[0].wave[7] = file.bands[0].wave[6]; },
          {"B_WAVELENGTH", "grow", "index 7"});
  refused([](SpectraFile& file) { file.bands[0].wave[7] = std::numeric_limits<double>::quiet_NaN(); },
          {"B_WAVELENGTH", "nan", "index 7"});
  refused([](SpectraFile& file) { file.bands[0].wave[0] = 0; }, {"B_WAVELENGTH", "index 0"});
  refused([](SpectraFile& file) { file.fibermap = file.fibermap.rows(0, 4); }, {"FIBERMAP", "5 rows", "found 4"});
  refused([](SpectraFile& file) { file.scores = file.scores->rows(1, 3); }, {"SCORES", "5 rows", "found 3"});
}

TEST(ReadSpectra, OtherFilesAreRefused) {
  const TempDir folder;
  SpectraFile file = test::sample_spectra(SpectraKind::coadd);
  file.path = folder / "coadd.fits";
  write_spectra(file);
  const std::string bytes = test::read_bytes(file.path);
  test::write_bytes(folder / "cut.fits", bytes.substr(0, bytes.size() / 2));
  test::write_bytes(folder / "short.fits", bytes.substr(0, bytes.size() - 2880));
  test::write_bytes(folder / "text.fits", "TARGETID Z\n");
  test::write_bytes(folder / "empty.fits", "");
  write_preproc(folder / "preproc.fits", test::sample_preproc());
  const auto refused = [&](const char* name, const std::string& word) {
    expect_error([&] { (void)read_spectra(folder / name); }, ExitCode::input, {name, word});
    expect_error([&] { (void)read_spectra_info(folder / name); }, ExitCode::input, {name, word});
  };
  refused("cut.fits", "Copy the file again");
  refused("short.fits", "truncated");
  refused("text.fits", "SIMPLE");
  refused("empty.fits", "empty");
  refused("none.fits", "No such file");
  refused("preproc.fits", "flux-calibrated");
}

TEST(ReadSpectra, AFileWithoutSpectraIsRead) {
  const TempDir folder;
  SpectraFile file = test::sample_spectra(SpectraKind::coadd);
  file.fibermap = file.fibermap.rows(0, 0);
  file.scores = file.scores->rows(0, 0);
  for (BandSpectra& band : file.bands) {
    const std::size_t nwave = band.wave.size(), ndiag = band.resolution.extent(1);
    band.flux = band.ivar = Array2<float>({0, nwave});
    band.mask = {};
    band.resolution = Array3<float>({0, ndiag, nwave});
  }
  file.path = folder / "coadd.fits";
  write_spectra(file);
  EXPECT_TRUE(read_spectra_info(file.path).targetid.empty());
  EXPECT_EQ(read_spectra(file.path).bands.at(1).wave, file.bands[1].wave);
}

TEST(ReadSpectra, TheRealCoaddAndTheGoldenOneAreRead) {
  const std::string data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "no ../shared/data";
  const SpectraFile real = read_spectra(data + "/coadd/coadd-4-80613-thru20210324.fits");
  EXPECT_EQ(real.kind, SpectraKind::coadd);
  ASSERT_EQ(real.bands.size(), 3u);
  EXPECT_EQ(real.bands[0].wave.back(), 5800.0000000005002);
  EXPECT_EQ(real.exp_fibermap->nrow, 30u);
  EXPECT_EQ(real.bands[2].resolution.shape(), (std::array<std::size_t, 3>{1, 11, 2881}));
  const SpectraFile golden = read_spectra(data + "/golden/redrock/coadd-golden.fits.gz");
  EXPECT_EQ(golden.targetid.size(), 16u);
  // What we write of it, we read again.
  const TempDir folder;
  SpectraFile copy = golden;
  copy.path = folder / "coadd.fits";
  write_spectra(copy);
  copy.header.set("LONGSTRN", "OGIP 1.0");
  test::expect_same(copy, read_spectra(copy.path));
}

}  // namespace
}  // namespace zspex::io
