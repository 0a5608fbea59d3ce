#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "io/detail/fits_writer.hpp"
#include "io/results.hpp"
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

/// A plate of three fibers by SDSS's data model: images without names in old files, with names in new ones.
struct Plate {
  static constexpr std::size_t nspec = 3, nwave = 67;
  Array2<float> flux{{nspec, nwave}}, ivar{{nspec, nwave}}, wdisp{{nspec, nwave}};
  std::vector<std::int32_t> mask = std::vector<std::int32_t>(nspec * nwave, 1);
  Header header;
  Table plugmap;
  bool named = false;
  Plate() {
    for (std::size_t i = 0; i < nspec; ++i)
      for (std::size_t p = 0; p < nwave; ++p) {
        flux(i, p) = static_cast<float>(100 * i + p);
        ivar(i, p) = 1.0F + static_cast<float>(p) / 10;
        wdisp(i, p) = 1.0F + 0.2F * static_cast<float>(i);
      }
    wdisp(1, 30) = 0;
    wdisp(2, 66) = 3.5F;
    header.set("PLATEID", 3655);
    header.set("MJD", 55240);
    header.set("COEFF0", 3.5431);
    header.set("COEFF1", 1e-4);
    plugmap.name = "PLUGMAP";
    plugmap.nrow = nspec;
    plugmap.columns = {column<std::int32_t>("FIBERID", 'J', {501, 502, 503}),
                       column<std::string>("OBJTYPE", 'A', {"QSO", "SKY", "LRG"}),
                       column<double>("RA", 'D', {184.5, 185, 185.5}), column<double>("DEC", 'D', {-1, 0, 1})};
  }
  std::string save(const std::string& path) const {
    detail::FitsWriter file(path, 0);
    const std::vector<std::size_t> shape = {nspec, nwave};
    const auto name = [&](const char* text) { return named ? text : ""; };
    file.image(name("FLUX"), shape, flux.data(), header);
    file.image(name("IVAR"), shape, ivar.data());
    file.image(name("ANDMASK"), shape, mask.data());
    file.image(name("ORMASK"), shape, mask.data());
    file.image(name("WAVEDISP"), shape, wdisp.data());
    file.table(plugmap);
    file.image(name("SKY"), shape, flux.data());
    file.finish();
    return path;
  }
};

TEST(SpPlate, EachFiberIsATarget) {
  const TempDir folder;
  for (const bool named : {false, true}) {
    Plate plate;
    plate.named = named;
    const SpectraFile file = read_spectra(plate.save(folder / "spPlate-3655-55240.fits"));
    EXPECT_EQ(file.kind, SpectraKind::sdss);
    EXPECT_EQ(file.targetid, (std::vector<std::int64_t>{3655552400501, 3655552400502, 3655552400503}));
    EXPECT_EQ(file.fibermap.integers("TARGETID", ""), file.targetid);
    EXPECT_EQ(file.fibermap.integers("PLATE", "")[2], 3655);
    EXPECT_EQ(file.fibermap.integers("MJD", "")[1], 55240);
    EXPECT_EQ(file.fibermap.integers("FIBERID", "")[2], 503);
    EXPECT_EQ(file.fibermap.numbers("TARGET_RA", "")[2], 185.5);
    EXPECT_EQ(file.fibermap.numbers("TARGET_DEC", "")[0], -1);
    EXPECT_EQ(std::get<std::vector<std::string>>(file.fibermap.find("OBJTYPE")->values),
              (std::vector<std::string>{"TGT", "SKY", "TGT"}));
    ASSERT_EQ(file.bands.size(), 1u);
    const BandSpectra& band = file.bands[0];
    EXPECT_EQ(band.band, "sdss");
    ASSERT_EQ(band.wave.size(), Plate::nwave - 10) << "10^3.5441 = 3500.2 Angstrom is the first that is fitted";
    EXPECT_EQ(band.wave[0], std::pow(10.0, 35441 * 1e-4));
    EXPECT_EQ(band.flux(2, 5), 215.0F);
    EXPECT_EQ(band.ivar(1, 0), 2.0F);
    EXPECT_TRUE(band.mask.empty()) << "the masks are not used";
    EXPECT_EQ(read_summary(folder / "spPlate-3655-55240.fits").kind, FileKind::sdss);
  }
}

TEST(SpPlate, ColumnsOfTheResolutionAreGaussiansOfOneWidthOfBand) {
  const TempDir folder;
  const SpectraFile file = read_spectra(Plate().save(folder / "plate.fits"));
  const Array3<float>& resolution = file.bands[0].resolution;
  const int nwave = Plate::nwave - 10, half = 8;  // the widest of the plate is 3.5 pixels
  ASSERT_EQ(resolution.shape(), (std::array<std::size_t, 3>{3, 17, 57}));
  for (const auto& [i, j, sigma] : {std::tuple{0, 0, 1.0}, {0, 33, 1.0}, {1, 20, 2.0}, {1, 56, 1.2}, {2, 56, 3.5}}) {
    const auto exact = [&, j = j, sigma = sigma](int k) {
      const int row = j + k - half;
      return row < 0 || row >= nwave ? 0 : std::exp(-0.5 * (k - half) * (k - half) / (sigma * sigma));
    };
    double sum = 0;
    for (int k = 0; k <= 2 * half; ++k) sum += exact(k);
    for (int k = 0; k <= 2 * half; ++k)
      EXPECT_NEAR(resolution(i, k, j), exact(k) / sum, 1e-6) << "fiber " << i << ", k " << k << ", j " << j;
  }
}

TEST(SpPlate, SomeRowsAreThoseOfAll) {
  const TempDir folder;
  const std::string path = Plate().save(folder / "plate.fits.gz");
  const SpectraFile whole = read_spectra(path);
  const std::vector<std::size_t> rows = {0, 2};
  const SpectraFile part = read_spectra(path, rows);
  EXPECT_EQ(part.targetid, (std::vector<std::int64_t>{3655552400501, 3655552400503}));
  for (const std::size_t i : {0u, 1u}) {
    const auto same = [&](const auto& a, const auto& b) {
      EXPECT_TRUE(std::ranges::equal(a.row(i), b.row(rows[i]))) << i;
    };
    same(part.bands[0].flux, whole.bands[0].flux);
    same(part.bands[0].ivar, whole.bands[0].ivar);
    same(part.bands[0].resolution, whole.bands[0].resolution);
  }
  EXPECT_EQ(read_spectra_tables(path, rows).targetid, part.targetid);
  EXPECT_TRUE(read_spectra_tables(path, rows).bands.empty());
  const SpectraInfo info = read_spectra_info(path);
  EXPECT_EQ(info.targetid, whole.targetid);
  EXPECT_EQ(info.bands.at(0).wave, whole.bands[0].wave);
  EXPECT_EQ(info.bands.at(0).ndiag, 17);
}

TEST(SpPlate, WhatDoesNotFitIsRefused) {
  const TempDir folder;
  const auto refused = [&](const std::function<void(Plate&)>& spoil, const std::vector<std::string>& words) {
    Plate plate;
    spoil(plate);
    const std::string path = plate.save(folder / "plate.fits");
    expect_error([&] { (void)read_spectra(path); }, ExitCode::input, words);
  };
  refused([](Plate& plate) { plate.header.set("COEFF0", 3.54315); }, {"plate.fits", "HDU 0", "COEFF0", "3.54315"});
  refused([](Plate& plate) { plate.header.set("COEFF1", 2e-4); }, {"HDU 0", "COEFF1"});
  refused([](Plate& plate) { plate.header.set("MJD", "x"); }, {"HDU 0", "MJD"});
  refused([](Plate& plate) { plate.plugmap = plate.plugmap.rows(0, 2); }, {"HDU 5", "3 rows", "found 2"});
  refused([](Plate& plate) { plate.plugmap.columns[0].name = "x"; }, {"HDU 5.FIBERID"});
  refused([](Plate& plate) { plate.header.set("COEFF0", 4.1); }, {"HDU 0", "10000 Angstrom"});
}

}  // namespace
}  // namespace zspex::io
