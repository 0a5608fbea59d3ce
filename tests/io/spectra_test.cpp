#include "io/spectra.hpp"

#include <gtest/gtest.h>

#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

TEST(WriteSpectra, WhatIsWrittenIsReadBack) {
  const TempDir folder;
  for (const SpectraKind kind : {SpectraKind::coadd, SpectraKind::spectra})
    for (const char* name : {"s.fits", "s.fits.gz"}) {
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
  const std::string bytes = test::read_bytes(file.path);
  std::size_t at = 0;
  for (const char* name : {"FIBERMAP", "EXP_FIBERMAP", "B_WAVELENGTH", "B_FLUX", "B_IVAR", "B_MASK", "B_RESOLUTION",
                           "Z_WAVELENGTH", "Z_FLUX", "Z_IVAR", "Z_RESOLUTION", "SCORES"}) {
    const auto found = bytes.find(std::string("EXTNAME = '") + name, at);
    ASSERT_NE(found, std::string::npos) << name << " in this order";
    at = found;
  }
  EXPECT_EQ(bytes.find("'Z_MASK"), std::string::npos) << "a band without masks has no such HDU";
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
  refused([](SpectraFile& file) { file.bands[0].resolution = Array3<float>({5, 3, 2}); }, "B_RESOLUTION");
}

}  // namespace
}  // namespace zspex::io
