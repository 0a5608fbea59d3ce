#include "pipeline/inspect/inspect.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <sstream>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/redshifts.hpp"
#include "io/results.hpp"
#include "io/spectra.hpp"
#include "io/truth.hpp"
#include "pipeline/inspect/statistics.hpp"

namespace zspex::pipeline {
namespace {

/// Three spectra of 200 bins: 100 with ivar 0.04 (S/N 20), 50 with every tenth bin masked, and one without information.
io::Frame small_frame() {
  io::Frame frame;
  frame.header.set("CAMERA", "r0");
  frame.header.set("EXPID", 51060);
  frame.header.set("FLAVOR", "science");
  frame.wave.resize(200);
  for (std::size_t i = 0; i < 200; ++i) frame.wave[i] = 6000 + 0.8 * static_cast<double>(i);
  frame.flux = Array2<float>({3, 200}, 100.0f);
  frame.ivar = Array2<float>({3, 200}, 0.04f);
  frame.mask = Array2<std::uint32_t>({3, 200});
  frame.resolution = Array3<float>({3, 11, 200});
  frame.chi2pix = Array2<float>({3, 200}, 1.25f);
  for (std::size_t i = 0; i < 200; ++i) {
    frame.flux(1, i) = 50;
    frame.mask(1, i) = i % 10 == 0;
    frame.ivar(2, i) = 0;
    frame.flux(2, i) = std::numeric_limits<float>::quiet_NaN();
  }
  io::Table fibermap;
  fibermap.name = "FIBERMAP";
  fibermap.nrow = 3;
  io::Column targetid;
  targetid.name = "TARGETID";
  targetid.code = 'K';
  targetid.values = std::vector<std::int64_t>{39627800000000007, 12, 13};
  fibermap.columns.push_back(targetid);
  frame.fibermap = fibermap;
  return frame;
}

class InspectTest : public testing::Test {
 protected:
  InspectTest() {
    frame_ = small_frame();
    provenance_.version = "0.1.0";
    provenance_.command = "zspex extract -i preproc.fits";
    provenance_.config = "extract:\n  nspec: 25\n";
    provenance_.nranks = 4;
    provenance_.host = "nid001";
  }
  ~InspectTest() override {
    for (const std::string& path : paths_) std::filesystem::remove(path);
  }
  std::string path(const char* name) {
    paths_.push_back(testing::TempDir() + "zspex-inspect-" + std::to_string(::getpid()) + name);
    return paths_.back();
  }
  std::string inspect(const std::string& file, std::optional<int> row = {}, int verbosity = 0,
                      const std::string& name = "") {
    config::InspectConfig config;
    config.file = file;
    config.row = row;
    config.frame = name;
    config::JobConfig job;
    job.verbosity = verbosity;
    std::ostringstream out;
    run_inspect(config, job, {80, false}, out);
    return out.str();
  }

  io::Frame frame_;
  Provenance provenance_;
  std::vector<std::string> paths_;
};

#define EXPECT_SAYS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "no \"" << (part) << "\" in:\n" << (text)

TEST_F(InspectTest, CountsGoodBinsOnly) {
  const FrameStatistics all = frame_statistics(frame_, 0, 3), second = frame_statistics(frame_, 1, 1);
  EXPECT_EQ(all.nbin, 600u);
  EXPECT_EQ(all.ngood, 200u + 180u);
  EXPECT_EQ(all.ndead, 1u);
  EXPECT_DOUBLE_EQ(all.masked_fraction, 20.0 / 600);
  EXPECT_DOUBLE_EQ(all.empty_fraction, 200.0 / 600);
  EXPECT_NEAR(all.median_snr, 20, 1e-5);
  EXPECT_NEAR(second.median_snr, 10, 1e-5);
  EXPECT_EQ(second.median_flux, 50);
  EXPECT_EQ(second.median_chi2pix, 1.25);
  EXPECT_EQ(frame_statistics(frame_, 2, 1).median_snr, 0);
}

TEST_F(InspectTest, ShowsAnHdf5File) {
  const std::string file = path("frame.h5");
  io::write_frame_hdf5(file, "r0-00051060", frame_, provenance_,
                       {{"extract", "solve", 1.5, 2.5, 190, 3000, 0, 1500000000}});
  const std::string text = inspect(file, 0);
  EXPECT_SAYS(text, "frame r0-00051060: 3 spectra, 200 bins, 6000.0 to 6159.2 Angstrom");
  EXPECT_SAYS(text, "3 x 11 x 200");
  EXPECT_SAYS(text, "zspex extract -i preproc.fits");
  EXPECT_SAYS(text, "nid001");
  EXPECT_SAYS(text, "3 min 10 s");
  EXPECT_SAYS(text, "1.4 GiB");
  EXPECT_SAYS(text, "median S/N of a bin 20");
  EXPECT_SAYS(text, "1 spectra without a good bin");
  EXPECT_SAYS(text, "TARGETID 39627800000000007");
  EXPECT_SAYS(text, "wavelength (Angstrom)");
  EXPECT_EQ(text.find("nspec: 25"), std::string::npos);
  EXPECT_SAYS(inspect(file, {}, 1), "nspec: 25");  // --verbose
  EXPECT_SAYS(inspect(file), "--row 0");
  EXPECT_SAYS(inspect(file, 1, 0, "r0-00051060"), "median S/N of a bin 10");
  EXPECT_THROW(inspect(file, 1, 0, "b0-00051060"), FileError);
}

TEST_F(InspectTest, ShowsAFitsFrame) {
  const std::string file = path("frame.fits");
  io::write_frame_fits(file, frame_, provenance_);
  const std::string text = inspect(file, 1);
  EXPECT_SAYS(text, "r0-00051060");
  EXPECT_SAYS(text, "masked 10.00 % of 200 bins");
  EXPECT_SAYS(text, "\nmask");
}

TEST_F(InspectTest, QuietIsThePictureAlone) {
  const std::string file = path("quiet.fits");
  io::write_frame_fits(file, frame_, provenance_);
  const std::string text = inspect(file, 0, -1);
  EXPECT_EQ(text.find("contents"), std::string::npos);
  EXPECT_SAYS(text, "wavelength (Angstrom)");
}

TEST_F(InspectTest, ASpectrumWithoutAGoodBinIsNamedAsSuch) {
  const std::string file = path("dead.fits");
  io::write_frame_fits(file, frame_, provenance_);
  EXPECT_SAYS(inspect(file, 2), "all bins are masked");
}

TEST_F(InspectTest, DrawsATruth) {
  const std::string file = path("truth.fits");
  io::Truth truth;
  truth.wave = {5000, 5001, 5002, 5003};
  truth.flux = Array2<double>({2, 4}, 7.0);
  io::write_truth(file, truth);
  EXPECT_SAYS(inspect(file, 1), "spectrum 1");
}

TEST_F(InspectTest, RefusesBeforeItPrints) {
  const std::string file = path("rows.fits");
  io::write_frame_fits(file, frame_, provenance_);
  for (int row : {-1, 3}) {
    config::InspectConfig config;
    config.file = file;
    config.row = row;
    std::ostringstream out;
    try {
      run_inspect(config, {}, {80, false}, out);
      ADD_FAILURE() << "no error for row " << row;
    } catch (const FileError& error) {
      EXPECT_SAYS(std::string(error.what()), "from 0 to 2");
    }
    EXPECT_EQ(out.str(), "");
  }
  EXPECT_THROW(inspect(testing::TempDir() + "zspex-there-is-no-such-file.fits"), FileError);
}

TEST_F(InspectTest, NoLineOfTheContentsIsWiderThanTheScreen) {
  const std::string file = path("wide.h5");
  io::write_frame_hdf5(file, "r0-00051060", frame_, provenance_, {});
  std::istringstream lines(inspect(file));
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "contents") inside = true;
    if (line == "provenance") inside = false;
    if (inside) {
      EXPECT_LE(display_width(line), 80u) << line;
    }
  }
}

/// Two spectra of one target in bands that overlap: b with S/N 20, z with S/N 10 and every fourth bin without information.
io::SpectraFile small_coadd(const std::string& path) {
  io::SpectraFile file;
  file.path = path;
  file.fibermap = small_frame().fibermap->rows(0, 2);
  std::get<std::vector<std::int64_t>>(file.fibermap.columns[0].values)[1] = 39627800000000007;
  file.exp_fibermap = file.fibermap;
  for (const bool blue : {true, false}) {
    io::BandSpectra band;
    band.band = blue ? "b" : "z";
    for (int i = 0; i < 100; ++i) band.wave.push_back((blue ? 4000 : 4050) + i);
    band.flux = Array2<float>({2, 100}, blue ? 100.F : 50.F);
    band.ivar = Array2<float>({2, 100}, 0.04F);
    for (std::size_t i = 0; i < 100; i += 4)
      if (!blue) band.ivar(1, i) = 0;
    band.resolution = Array3<float>({2, 5, 100});
    file.bands.push_back(band);
  }
  return file;
}

TEST_F(InspectTest, ShowsACoadd) {
  const std::string file = path("coadd.fits");
  io::write_spectra(small_coadd(file));
  const std::string text = inspect(file, 1);
  EXPECT_SAYS(text, "coadd (FITS)");
  EXPECT_SAYS(text, "2 spectra of 1 target\n");
  EXPECT_SAYS(text, "band z: 100 bins, 4050.0 to 4149.0 Angstrom, resolution of 5 diagonals");
  EXPECT_SAYS(text, "TARGETID 39627800000000007");
  EXPECT_SAYS(text, "median flux 100 x 1e-17 erg/(s cm2 Angstrom), median S/N of a bin 20");
  EXPECT_SAYS(text, "median flux 50 x 1e-17 erg/(s cm2 Angstrom), median S/N of a bin 10");
  EXPECT_SAYS(text, "without information 25.00 %");
  EXPECT_SAYS(text, "wavelength (Angstrom)");
  EXPECT_SAYS(inspect(file), "--row 0");
  EXPECT_THROW(inspect(file, 2), FileError);
  io::SpectraFile uncoadded = small_coadd(path("spectra.fits"));
  uncoadded.kind = io::SpectraKind::spectra;
  uncoadded.exp_fibermap.reset();
  io::write_spectra(uncoadded);
  EXPECT_SAYS(inspect(uncoadded.path), "uncoadded spectra (FITS)");
}

/// Three targets: a good galaxy, a quasar with a star behind it, and one without data.
io::RedshiftResults small_redshifts() {
  io::RedshiftResults results;
  const auto row = [](std::int64_t targetid, double z, const char* spectype, const char* subtype, int zwarn) {
    io::RedshiftRow out;
    out.targetid = targetid;
    out.z = z;
    out.zerr = 2.5e-5;
    out.chi2 = 7926.5;
    out.deltachi2 = 33.25;
    out.npixels = 7926;
    out.zwarn = zwarn;
    out.spectype = spectype;
    out.subtype = subtype;
    out.coeff = {1};
    out.ncoeff = 1;
    return out;
  };
  results.targetid = {7, -8, 9};
  results.zfit = {{row(7, 0.5, "GALAXY", "", 0)},
                  {row(-8, 2.25, "QSO", "HIZ", 4), row(-8, 0.0001, "STAR", "A", 4)},
                  {row(9, 0, "GALAXY", "", 2 | 512)}};
  results.fibermap = small_frame().fibermap.value();
  return results;
}

TEST_F(InspectTest, ShowsRedshifts) {
  const std::string file = path("redrock.fits");
  io::write_redshifts_fits(file, small_redshifts(), provenance_);
  const std::string text = inspect(file, 1);
  EXPECT_SAYS(text, "redshifts (FITS)");
  EXPECT_SAYS(text, "GALAXY        2          1  0.5000 to 0.5000\n");
  EXPECT_SAYS(text, "QSO           1          0  -\n");
  EXPECT_SAYS(text, "ZWARN: LITTLE_COVERAGE 1, SMALL_DELTA_CHI2 1, NODATA 1\n");
  EXPECT_SAYS(text, "TARGETID -8, 7926 pixels");
  EXPECT_SAYS(text, "2.250000  2.5e-05  QSO:::HIZ  7926.5       33.2      4  SMALL_DELTA_CHI2\n");
  EXPECT_EQ(text.find("STAR"), std::string::npos) << "the FITS file has best fits only";
  EXPECT_SAYS(text, "zspex extract -i preproc.fits");
  EXPECT_SAYS(inspect(file), "--row 0");
  EXPECT_THROW(inspect(file, 3), FileError);
}

TEST_F(InspectTest, ShowsAllMinimaAndTheScanOfDetails) {
  const std::string file = path("details.h5");
  io::DetailsWriter details(file);
  io::ZscanTable scan;
  scan.full_type = "QSO:::HIZ";
  for (int i = 0; i < 50; ++i) scan.redshifts.push_back(2 + 0.01 * i);
  scan.zchi2 = scan.penalty = Array2<float>({3, 50}, 8000.F);
  scan.zcoeff = Array3<float>({3, 50, 1});
  details.add_scan(scan);
  details.finish(small_redshifts(), provenance_, {});
  const std::string text = inspect(file, 1);
  EXPECT_SAYS(text, "zspex results (HDF5)");
  EXPECT_SAYS(text, "/zfit/TARGETID/");
  EXPECT_SAYS(text, "3 tables");
  EXPECT_SAYS(text, "  0.000100  2.5e-05  STAR:::A");
  EXPECT_SAYS(text, "chi2 of the scan with QSO:::HIZ");
  EXPECT_SAYS(text, "redshift\n");
  EXPECT_EQ(inspect(file, 0).find("of the scan with"), std::string::npos) << "there is no scan with GALAXY";
  const std::string ours = path("redshifts.h5");
  io::write_redshifts_hdf5(ours, small_redshifts(), provenance_, {});
  EXPECT_SAYS(inspect(ours, 1), "STAR:::A");
}

TEST_F(InspectTest, AFileWithoutRowsHasNoneToShow) {
  const std::string file = path("empty.fits");
  io::SpectraFile coadd = small_coadd(file);
  coadd.fibermap = coadd.fibermap.rows(0, 0);
  for (auto& band : coadd.bands) {
    band.flux = band.ivar = Array2<float>({0, 100});
    band.resolution = Array3<float>({0, 5, 100});
  }
  io::write_spectra(coadd);
  EXPECT_SAYS(inspect(file), "0 spectra of 0 targets");
  EXPECT_THROW(inspect(file, 0), FileError);
}

}  // namespace
}  // namespace zspex::pipeline
