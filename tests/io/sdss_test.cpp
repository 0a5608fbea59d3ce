#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "io/detail/fits_writer.hpp"
#include "io/spectra.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

template <class T>
Column column(const char* name, char code, std::vector<T> values) {
  Column out;
  out.name = name;
  out.code = code;
  if constexpr (std::is_same_v<T, std::string>) out.repeat = 5;
  out.values = std::move(values);
  return out;
}

double grid_wave(int i) { return std::pow(10.0, i * 1e-4); }

/// The tables of a spec-PLATE-MJD-FIBER file, by SDSS's data model.
struct SpecFile {
  Table coadd, object;
  explicit SpecFile(int first = 35500, std::size_t n = 101) {
    std::vector<float> flux(n), loglam(n), ivar(n), wdisp(n), sky(n, 3.0F), model(n, 4.0F);
    for (std::size_t i = 0; i < n; ++i) {
      flux[i] = 10.0F + static_cast<float>(i);
      loglam[i] = static_cast<float>(1e-4 * (first + static_cast<int>(i)));
      ivar[i] = 0.5F + static_cast<float>(i);
      wdisp[i] = 1.0F + 0.003F * static_cast<float>(i);
    }
    wdisp[7] = 0;
    coadd.name = "COADD";
    coadd.nrow = n;
    coadd.columns = {column("flux", 'E', flux),
                     column("loglam", 'E', loglam),
                     column("ivar", 'E', ivar),
                     column("and_mask", 'J', std::vector<std::int32_t>(n, 1)),
                     column("or_mask", 'J', std::vector<std::int32_t>(n, 1)),
                     column("wdisp", 'E', wdisp),
                     column("sky", 'E', sky),
                     column("model", 'E', model)};
    object.name = "SPALL";
    object.nrow = 1;
    object.columns = {column<std::string>("SURVEY", 'A', {"boss"}), column<std::int32_t>("PLATE", 'J', {3655}),
                      column<std::int32_t>("MJD", 'J', {55240}),    column<std::int32_t>("FIBERID", 'J', {110}),
                      column<std::string>("OBJTYPE", 'A', {"QSO"}), column<double>("PLUG_RA", 'D', {184.5}),
                      column<double>("PLUG_DEC", 'D', {-1.25}),     column<double>("RA", 'D', {0})};
  }
  Column& of(const char* name) {
    for (Column& one : coadd.columns)
      if (one.name == name) return one;
    throw std::logic_error(name);
  }
  std::string save(const std::string& path) const {
    Header header;
    header.set("PLATEID", 3655);
    detail::FitsWriter file(path, 0);
    file.primary(header);
    file.table(coadd);
    file.table(object);
    file.finish();
    return path;
  }
};

TEST(Sdss, OneSpectrumWithItsTarget) {
  const TempDir folder;
  const SpectraFile file = read_spectra(SpecFile().save(folder / "spec-3655-55240-0110.fits"));
  EXPECT_EQ(file.kind, SpectraKind::sdss);
  EXPECT_EQ(file.targetid, (std::vector<std::int64_t>{3655552400110}));
  EXPECT_EQ(file.header.integer("PLATEID"), 3655);
  EXPECT_FALSE(file.exp_fibermap || file.scores);
  ASSERT_EQ(file.bands.size(), 1u);
  const BandSpectra& band = file.bands[0];
  EXPECT_EQ(band.band, "sdss");
  ASSERT_EQ(band.wave.size(), 101u);
  EXPECT_EQ(band.wave[0], grid_wave(35500)) << "on the grid, not what float32 makes of it";
  EXPECT_EQ(band.wave[100], grid_wave(35600));
  EXPECT_EQ(band.flux(0, 3), 13.0F);
  EXPECT_EQ(band.ivar(0, 3), 3.5F);
  EXPECT_TRUE(band.mask.empty()) << "and_mask is not used";
  const Table& fibermap = file.fibermap;
  EXPECT_EQ(fibermap.integers("TARGETID", "")[0], 3655552400110);
  EXPECT_EQ(fibermap.integers("PLATE", "")[0], 3655);
  EXPECT_EQ(fibermap.integers("MJD", "")[0], 55240);
  EXPECT_EQ(fibermap.integers("FIBERID", "")[0], 110);
  EXPECT_EQ(fibermap.numbers("TARGET_RA", "")[0], 184.5) << "of the fiber, PLUG_RA";
  EXPECT_EQ(fibermap.numbers("TARGET_DEC", "")[0], -1.25);
  EXPECT_EQ(std::get<std::vector<std::string>>(fibermap.find("OBJTYPE")->values)[0], "TGT");
}

TEST(Sdss, NamesWithoutHdusAndInCapitalsAreFoundToo) {
  const TempDir folder;
  SpecFile spec;
  spec.coadd.name = spec.object.name = "";
  for (Column& one : spec.coadd.columns)
    for (char& c : one.name) c = static_cast<char>(std::toupper(c));
  std::erase_if(spec.object.columns, [](const Column& one) { return one.name.starts_with("PLUG_"); });
  spec.object.columns.push_back(column<double>("DEC", 'D', {5}));
  std::get<std::vector<std::string>>(spec.object.columns[4].values)[0] = "SKY";
  const SpectraFile file = read_spectra(spec.save(folder / "spec.fits"));
  EXPECT_EQ(file.kind, SpectraKind::sdss);
  EXPECT_EQ(file.fibermap.numbers("TARGET_DEC", "")[0], 5);
  EXPECT_EQ(std::get<std::vector<std::string>>(file.fibermap.find("OBJTYPE")->values)[0], "SKY");
}

TEST(Sdss, FilesOfSdss5AreKnownByTheirCatalogid) {
  const TempDir folder;
  SpecFile spec;
  spec.object.columns = {column<std::int32_t>("FIELD", 'J', {15143}),
                         column<std::int32_t>("MJD", 'J', {59205}),
                         column<std::int64_t>("CATALOGID", 'K', {27021597842679140}),
                         column<std::string>("OBJTYPE", 'A', {"sky"}),
                         column<double>("RACAT", 'D', {240.1}),
                         column<double>("DECCAT", 'D', {2.3}),
                         column<double>("RA", 'D', {0}),
                         column<double>("DEC", 'D', {0})};
  const SpectraFile file = read_spectra(spec.save(folder / "spec-15143-59205-27021597842679140.fits"));
  EXPECT_EQ(file.targetid, (std::vector<std::int64_t>{27021597842679140}));
  const Table& fibermap = file.fibermap;
  EXPECT_EQ(fibermap.integers("TARGETID", ""), file.targetid);
  EXPECT_EQ(fibermap.integers("CATALOGID", ""), file.targetid);
  EXPECT_EQ(fibermap.integers("FIELD", "")[0], 15143);
  EXPECT_EQ(fibermap.integers("MJD", "")[0], 59205);
  EXPECT_EQ(fibermap.numbers("TARGET_RA", "")[0], 240.1);
  EXPECT_EQ(fibermap.find("TARGET_DEC")->unit, "deg");
  EXPECT_EQ(std::get<std::vector<std::string>>(fibermap.find("OBJTYPE")->values)[0], "SKY");
  EXPECT_FALSE(fibermap.find("PLATE"));
}

TEST(Sdss, ColumnsOfTheResolutionAreGaussiansOfWdispPixels) {
  const TempDir folder;
  const SpectraFile file = read_spectra(SpecFile().save(folder / "spec.fits"));
  const Array3<float>& resolution = file.bands[0].resolution;
  // The widest is 2 pixels, which stands for the pixel without a width: 4 * 2 + 1 diagonals.
  ASSERT_EQ(resolution.shape(), (std::array<std::size_t, 3>{1, 9, 101}));
  for (const std::size_t j : {0ul, 2ul, 7ul, 50ul, 99ul, 100ul}) {
    const double sigma = j == 7 ? 2 : 1 + 0.003 * static_cast<double>(j);
    double sum = 0;
    const auto row_of = [&](int k) {
      return static_cast<int>(j) + k - 4;
    };  // DESI's order: k = 0 is above the diagonal
    const auto exact = [&](int k) {
      return row_of(k) < 0 || row_of(k) > 100 ? 0 : std::exp(-0.5 * (k - 4) * (k - 4) / (sigma * sigma));
    };
    for (int k = 0; k < 9; ++k) sum += exact(k);
    for (int k = 0; k < 9; ++k)
      EXPECT_NEAR(resolution(0, static_cast<std::size_t>(k), j), exact(k) / sum, 1e-6) << "k " << k << ", j " << j;
  }
}

TEST(Sdss, OnlyWavelengthsThatRedrockFitsAreKept) {
  const TempDir folder;
  const auto blue = read_spectra(SpecFile(35400).save(folder / "blue.fits"));  // 10^3.5441 = 3500.2 Angstrom
  EXPECT_EQ(blue.bands[0].wave.front(), grid_wave(35441));
  EXPECT_EQ(blue.bands[0].flux(0, 0), 10.0F + 41);
  const auto red = read_spectra(SpecFile(39950).save(folder / "red.fits"));
  EXPECT_EQ(red.bands[0].wave.back(), grid_wave(39999));
  EXPECT_EQ(red.bands[0].wave.size(), 50u);
  expect_error([&] { (void)read_spectra(SpecFile(41000).save(folder / "far.fits")); }, ExitCode::input,
               {"far.fits[COADD.LOGLAM]", "3500"});
}

TEST(Sdss, InfoAndTablesAgreeWithTheWhole) {
  const TempDir folder;
  const std::string path = SpecFile().save(folder / "spec.fits.gz");
  const SpectraFile whole = read_spectra(path);
  const SpectraInfo info = read_spectra_info(path);
  EXPECT_EQ(info.kind, SpectraKind::sdss);
  EXPECT_EQ(info.targetid, whole.targetid);
  ASSERT_EQ(info.bands.size(), 1u);
  EXPECT_EQ(info.bands[0].wave, whole.bands[0].wave);
  EXPECT_EQ(info.bands[0].ndiag, 9);
  const std::vector<std::size_t> one = {0}, none;
  EXPECT_EQ(read_spectra_tables(path, one).targetid, whole.targetid);
  EXPECT_TRUE(read_spectra_tables(path, one).bands.empty());
  EXPECT_TRUE(read_spectra(path, none).targetid.empty());
}

TEST(Sdss, TheGridIsPutTogetherFromItsPieces) {
  const auto grid = sdss_grid(grid_wave(35500), grid_wave(36000));
  ASSERT_EQ(grid.size(), 501u);
  EXPECT_EQ(grid.front(), grid_wave(35500));
  EXPECT_EQ(grid[1], grid_wave(35501));
}

TEST(Sdss, WhatIsNotSuchAFileIsRefused) {
  const TempDir folder;
  const auto refused = [&](const std::function<void(SpecFile&)>& spoil, const std::vector<std::string>& words) {
    SpecFile spec;
    spoil(spec);
    const std::string path = spec.save(folder / "spec.fits");
    expect_error([&] { (void)read_spectra(path); }, ExitCode::input, words);
  };
  const auto values = [](SpecFile& spec, const char* name) -> std::vector<float>& {
    return std::get<std::vector<float>>(spec.of(name).values);
  };
  refused([](SpecFile& spec) { std::swap(spec.of("wdisp").name, spec.of("sky").name), spec.of("wdisp").name = "x"; },
          {"COADD.WDISP", "found", "LOGLAM"});
  refused([](SpecFile& spec) { spec.object.columns[1].name = "FIELD"; }, {"SPALL", "CATALOGID", "PLATE"});
  refused([](SpecFile& spec) { spec.object.columns[3].name = "x"; }, {"SPALL.FIBERID"});
  refused([](SpecFile& spec) { spec.object = spec.object.rows(0, 0); }, {"SPALL", "one row"});
  refused([&](SpecFile& spec) { values(spec, "loglam")[50] += 5e-5F; }, {"COADD.LOGLAM", "row 50"});
  refused([&](SpecFile& spec) { values(spec, "loglam")[50] += 1e-4F; }, {"COADD.LOGLAM", "row 50"});
  refused([&](SpecFile& spec) { values(spec, "loglam")[0] = std::numeric_limits<float>::quiet_NaN(); },
          {"COADD.LOGLAM", "row 0"});
}

}  // namespace
}  // namespace zspex::io
