#include "simulate/simulate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <sstream>

#include "core/error.hpp"
#include "kernels/extract/extract.hpp"
#include "simulate/instrument.hpp"
#include "tests/kernels/support/invalid.hpp"
#include "tests/simulate/run_simulate.hpp"

namespace zspex::simulate {
namespace {

namespace fs = std::filesystem;

/// A folder of its own that is removed at the end.
class SimulateTest : public RunSimulateTest {
 protected:
  SimulateTest() {
    config_.output = folder_ / "out";
    config_.cameras = {"r0"};
    config_.nspec = 25;
    config_.wave_r = {5760, 5790, 0.8};
  }
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Light of each fiber alone, projected: what the image must hold.
TEST_F(SimulateTest, ProjectionKeepsAllLight) {
  const io::PsfFile psf = invent_psf({'r', 0}, 25);
  const std::vector<double> wave = kernels::wave_grid(6000, 6030, 0.8);
  Array2<double> photons({25, wave.size()});
  for (std::size_t i = 0; i < photons.size(); ++i) photons.data()[i] = 1 + static_cast<double>(i % 37);
  Array2<double> image({static_cast<std::size_t>(psf.npix_y), static_cast<std::size_t>(psf.npix_x)});
  kernels::project_spectra(psf, wave, 0, photons, image);
  const double put_in = std::accumulate(photons.begin(), photons.end(), 0.0);
  // Each spot sums to 1 within 187 roundings; the sum over the image adds few more of random sign.
  EXPECT_NEAR(std::accumulate(image.begin(), image.end(), 0.0), put_in, 1e-12 * put_in);

  // A fiber's light is where its trace is.
  Array2<double> one({25, wave.size()});
  one(14, 5) = 1;
  Array2<double> spot(image.shape());
  kernels::project_spectra(psf, wave, 0, one, spot);
  double x = 0, y = 0;
  for (std::size_t iy = 0; iy < spot.extent(0); ++iy)
    for (std::size_t ix = 0; ix < spot.extent(1); ++ix) {
      x += spot(iy, ix) * static_cast<double>(ix);
      y += spot(iy, ix) * static_cast<double>(iy);
    }
  EXPECT_NEAR(x, evaluate(psf.x, 14, wave[5]), 0.2);
  EXPECT_NEAR(y, evaluate(psf.y, 14, wave[5]), 0.2);
}

TEST_F(SimulateTest, WithoutSkyAndTargetsThereIsNoLight) {
  config_.sky_level = 0;
  config_.snr_scale = 0;
  leave_out_noise_and_defects();
  const Task task = plan(config_).front();
  const Simulated made = simulate_exposure(config_, task, task_psf(config_, task));
  for (float value : made.frame.image) ASSERT_EQ(value, 0);
  for (double value : made.truth.flux) ASSERT_EQ(value, 0);
}

TEST_F(SimulateTest, TruthIsWhatLiesOnTheCcd) {
  leave_out_noise_and_defects();
  const Task task = plan(config_).front();
  const io::PsfFile psf = task_psf(config_, task);
  const Simulated made = simulate_exposure(config_, task, psf);
  Array2<double> photons = made.truth.flux;
  for (double& value : photons) value *= 0.8;
  Array2<double> image({made.frame.image.extent(0), made.frame.image.extent(1)});
  kernels::project_spectra(psf, made.truth.wave, 0, photons, image);
  // In the rows that only bins of the truth reach, the frame is the projected truth; light of the padding begins at the
  // ends.
  const double low = evaluate(psf.y, 12, made.truth.wave.front()), high = evaluate(psf.y, 12, made.truth.wave.back());
  const auto first = static_cast<std::size_t>(low + 25), last = static_cast<std::size_t>(high - 25);
  ASSERT_LT(first, last);
  double total = 0;
  for (std::size_t iy = first; iy < last; ++iy)
    for (std::size_t ix = 0; ix < image.extent(1); ++ix) {
      ASSERT_NEAR(static_cast<double>(made.frame.image(iy, ix)), image(iy, ix), 1e-6 * image(iy, ix) + 1e-6)
          << iy << " " << ix;
      total += image(iy, ix);
    }
  EXPECT_GT(total, 1e4);
  // Beyond both ends there is light, too: the extraction pads its patches there.
  for (double row : {low - 30, high + 60}) {
    double light = 0;
    for (std::size_t ix = 0; ix < image.extent(1); ++ix)
      light += static_cast<double>(made.frame.image(static_cast<std::size_t>(row), ix));
    EXPECT_GT(light, 100) << row;
  }
}

TEST_F(SimulateTest, PartsOfBinsCarryTheSameLight) {
  leave_out_noise_and_defects();
  const Task task = plan(config_).front();
  const io::PsfFile psf = task_psf(config_, task);
  const auto whole = simulate_exposure(config_, task, psf), parts = simulate_exposure(config_, task, psf, 4);
  const auto sum = [](const Array2<float>& image) { return std::accumulate(image.begin(), image.end(), 0.0); };
  // Continua are sampled at other places, which changes them a little.
  EXPECT_NEAR(sum(parts.frame.image), sum(whole.frame.image), 1e-3 * sum(whole.frame.image));
  EXPECT_NE(parts.frame.image, whole.frame.image);
  for (std::size_t i = 0; i < whole.truth.flux.size(); ++i)
    EXPECT_NEAR(parts.truth.flux.data()[i], whole.truth.flux.data()[i], 0.05 * whole.truth.flux.data()[i]);
}

TEST_F(SimulateTest, WritesWhatAnExtractionNeeds) {
  const std::string said = run();
  EXPECT_NE(said.find("preproc-r0-00000001.fits"), std::string::npos);
  const fs::path out = config_.output;
  const io::Preproc frame = io::read_preproc(out / "preproc-r0-00000001.fits");
  const io::PsfFile psf = io::read_psf(out / "psf-r0.fits");
  const io::Truth truth = io::read_truth(out / "truth-r0-00000001.fits");
  EXPECT_EQ(frame.camera, "r0");
  EXPECT_EQ(frame.header.text("FLAVOR"), "science");
  EXPECT_EQ(frame.header.integer("EXPID"), 1);
  EXPECT_EQ(frame.header.number("EXPTIME"), 1000.0);
  EXPECT_EQ(frame.header.text("DATE-OBS")->substr(0, 10), "2026-01-02");
  EXPECT_EQ(frame.image.extent(0), static_cast<std::size_t>(psf.npix_y));
  EXPECT_EQ(frame.image.extent(1), static_cast<std::size_t>(psf.npix_x));
  EXPECT_EQ(frame.nan_pixels, 0u);
  EXPECT_EQ(frame.negative_ivar, 0u);
  ASSERT_TRUE(frame.fibermap);
  EXPECT_EQ(frame.fibermap->nrow, 25u);
  for (const char* name : {"TARGETID", "FIBER", "PETAL_LOC", "FIBERSTATUS", "OBJTYPE", "TARGET_RA", "TARGET_DEC",
                           "DESI_TARGET", "FLUX_G", "FLUX_R", "FLUX_Z"})
    EXPECT_NE(frame.fibermap->find(name), nullptr) << name;
  const int nx = psf.npix_x, half = nx / 2;
  EXPECT_EQ(frame.header.text("CCDSIZE"), std::to_string(nx) + ",4128");
  EXPECT_EQ(frame.header.text("CCDSECD"), "[" + std::to_string(half + 1) + ":" + std::to_string(nx) + ",2065:4128]");
  EXPECT_EQ(frame.header.text("BIASSECA"),
            "[" + std::to_string(half + 1) + ":" + std::to_string(half + 64) + ",1:2064]");
  EXPECT_EQ(frame.header.text("DETECTOR"), "SIM");
  EXPECT_NEAR(*frame.header.number("OBSRDNC"), static_cast<double>(frame.readnoise(frame.image.extent(0) - 1, 0)),
              1e-6);
  EXPECT_EQ(truth.wave, kernels::wave_grid(5760, 5790, 0.8));
  EXPECT_EQ(truth.flux.extent(0), 25u);
  ASSERT_TRUE(truth.table);
  EXPECT_EQ(truth.table->integers("TARGETID", ""), frame.fibermap->integers("TARGETID", ""));
  EXPECT_NE(truth.table->find("Z"), nullptr);
  const std::string yaml = contents(out / "extract.yaml");
  EXPECT_NE(yaml.find("preproc-r0-00000001.fits\""), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("wavelength: [5760, 5790, 0.8]"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("nspec: 25"), std::string::npos) << yaml;
}

/// FITS types and widths of the survey's standard fibermap, which its programs stack and read by.
TEST_F(SimulateTest, FibermapHasTheStandardColumns) {
  const Task task = plan(config_).front();
  const io::Preproc frame = simulate_exposure(config_, task, task_psf(config_, task)).frame;
  std::string found;
  for (const io::Column& column : frame.fibermap->columns) {
    found += column.name + ":" + (column.code == 'A' ? std::to_string(column.repeat) : "") + column.code + " ";
  }
  EXPECT_EQ(found,
            "TARGETID:K PETAL_LOC:I DEVICE_LOC:J LOCATION:K FIBER:J FIBERSTATUS:J TARGET_RA:D TARGET_DEC:D "
            "DESINAME:22A PMRA:E PMDEC:E REF_EPOCH:E LAMBDA_REF:E FA_TARGET:K FA_TYPE:B OBJTYPE:3A FIBERASSIGN_X:E "
            "FIBERASSIGN_Y:E PRIORITY:J SUBPRIORITY:D OBSCONDITIONS:J RELEASE:I BRICKNAME:8A BRICKID:J BRICK_OBJID:J "
            "MORPHTYPE:4A EBV:E FLUX_G:E FLUX_R:E FLUX_Z:E FLUX_W1:E FLUX_W2:E FLUX_IVAR_G:E FLUX_IVAR_R:E "
            "FLUX_IVAR_Z:E FLUX_IVAR_W1:E FLUX_IVAR_W2:E FIBERFLUX_G:E FIBERFLUX_R:E FIBERFLUX_Z:E FIBERTOTFLUX_G:E "
            "FIBERTOTFLUX_R:E FIBERTOTFLUX_Z:E MASKBITS:I SERSIC:E SHAPE_R:E SHAPE_E1:E SHAPE_E2:E REF_ID:K "
            "REF_CAT:2A GAIA_PHOT_G_MEAN_MAG:E GAIA_PHOT_BP_MEAN_MAG:E GAIA_PHOT_RP_MEAN_MAG:E PARALLAX:E PHOTSYS:1A "
            "PRIORITY_INIT:K NUMOBS_INIT:K DESI_TARGET:K BGS_TARGET:K MWS_TARGET:K SCND_TARGET:K PLATE_RA:D "
            "PLATE_DEC:D NUM_ITER:K FIBER_X:D FIBER_Y:D DELTA_X:D DELTA_Y:D FIBER_RA:D FIBER_DEC:D EXPTIME:D ");
}

TEST_F(SimulateTest, FilesDoNotDependOnTheNumberOfRanks) {
  config_.cameras = {"r0", "z1"};
  config_.wave_z = {8000, 8030, 0.8};
  config_.nexp = 2;
  run();
  const fs::path alone = config_.output;
  config_.output = folder_ / "three";
  for (int rank : {2, 0, 1}) run({rank, 3});
  std::size_t nfile = 0;
  for (const auto& entry : fs::directory_iterator(alone)) {
    const fs::path other = fs::path(config_.output) / entry.path().filename();
    ASSERT_TRUE(fs::exists(other)) << other;
    ++nfile;
    if (entry.path().extension() != ".fits") continue;  // extract.yaml names the folder
    EXPECT_TRUE(contents(entry.path()) == contents(other)) << entry.path().filename() << " differs";
  }
  EXPECT_EQ(nfile, 4u + 4u + 2u + 1u);  // frames, truths, PSFs, configuration
  const std::string yaml = contents(alone / "extract.yaml");
  EXPECT_NE(yaml.find("wavelength: {r: [5760, 5790, 0.8], z: [8000, 8030, 0.8]}"), std::string::npos) << yaml;
}

TEST_F(SimulateTest, ExposuresShareTargetsAndNotNoise) {
  config_.nexp = 2;
  run();
  const fs::path out = config_.output;
  const io::Preproc one = io::read_preproc(out / "preproc-r0-00000001.fits"),
                    two = io::read_preproc(out / "preproc-r0-00000002.fits");
  EXPECT_EQ(one.fibermap->integers("TARGETID", ""), two.fibermap->integers("TARGETID", ""));
  EXPECT_NE(one.image, two.image);
}

TEST_F(SimulateTest, LaterFibersAreThoseOfTheWholeInstrument) {
  config_.specmin = 25;
  leave_out_noise_and_defects();
  const Task task = plan(config_).front();
  const io::PsfFile psf = task_psf(config_, task);
  EXPECT_EQ(psf.nspec, 50);
  const auto second = simulate_exposure(config_, task, psf);
  config_.specmin = 0;
  config_.nspec = 50;
  const auto both = simulate_exposure(config_, task, psf);
  ASSERT_EQ(second.truth.flux.extent(0), 25u);
  for (std::size_t i = 0; i < second.truth.flux.size(); ++i)
    ASSERT_EQ(second.truth.flux.data()[i],
              both.truth.flux.row(25 + i / second.truth.wave.size())[i % second.truth.wave.size()]);
  EXPECT_EQ(second.frame.fibermap->nrow, 50u);  // row i is fiber i
  const auto dark = static_cast<std::size_t>(evaluate(psf.x, 10, 5775)),
             row = static_cast<std::size_t>(evaluate(psf.y, 10, 5775));
  EXPECT_EQ(second.frame.image(row, dark), 0);
  EXPECT_GT(both.frame.image(row, dark), 1);
}

TEST_F(SimulateTest, DryRunTouchesNothing) {
  job_.dry_run = true;
  EXPECT_NE(run().find("preproc-r0-00000001.fits"), std::string::npos);
  EXPECT_FALSE(fs::exists(config_.output));
}

TEST_F(SimulateTest, ResumeKeepsWhatIsThere) {
  run();
  const fs::path frame = fs::path(config_.output) / "preproc-r0-00000001.fits";
  const auto written = fs::last_write_time(frame);
  config_.overwrite = false;
  EXPECT_THROW(run(), FileError);
  job_.resume = true;
  EXPECT_NE(run().find("is there already"), std::string::npos);
  EXPECT_EQ(fs::last_write_time(frame), written);
  const std::string whole = contents(frame);
  fs::resize_file(frame, fs::file_size(frame) - 2880);
  EXPECT_NE(run().find("is made again: not whole"), std::string::npos);
  EXPECT_EQ(contents(frame), whole);
  config_.seed += 1;
  EXPECT_NE(run().find("preproc-r0-00000001.fits is made again: it is of other settings"), std::string::npos);
  EXPECT_NE(contents(frame), whole);
  config_.compress = config::Compression::fz;
  run();
  EXPECT_NE(run().find("preproc-r0-00000001.fits.fz  is there already"), std::string::npos);
}

TEST_F(SimulateTest, RefusesNonsenseAndSaysWhichKey) {
  const test::AllowInvalid nan_is_refused;
  struct Case {
    const char* key;
    std::function<void(config::SimulateConfig&)> spoil;
  };
  const std::vector<Case> cases = {
      {"output", [](auto& c) { c.output.clear(); }},
      {"cameras", [](auto& c) { c.cameras = {"q0"}; }},
      {"cameras", [](auto& c) { c.cameras.clear(); }},
      {"cameras",
       [](auto& c) {
         c.cameras = {"r0", "r0"};
       }},
      {"psf",
       [](auto& c) {
         c.psf = {"a.fits", "b.fits"};
       }},
      {"nspec", [](auto& c) { c.nspec = 30; }},
      {"nspec", [](auto& c) { c.nspec = 525; }},
      {"specmin", [](auto& c) { c.specmin = 3; }},
      {"nexp", [](auto& c) { c.nexp = 0; }},
      {"expid", [](auto& c) { c.expid = -1; }},
      {"night", [](auto& c) { c.night = 20261301; }},
      {"exptime", [](auto& c) { c.exptime = 0; }},
      {"exptime", [](auto& c) { c.exptime = std::nan(""); }},
      {"readnoise", [](auto& c) { c.readnoise = -1; }},
      {"cosmics", [](auto& c) { c.cosmics = -1; }},
      {"fraction_", [](auto& c) { c.fraction_sky = 0.9; }},
      {"fraction_", [](auto& c) { c.fraction_sky = -0.1, c.fraction_star = 0.45; }},
      {"wave_r",
       [](auto& c) {
         c.wave_r = {5000, 5800, 0.8};
       }},
      {"wave_r",
       [](auto& c) {
         c.wave_r = {5760, 9000, 0.8};
       }},
      {"wave_r", [](auto& c) { c.npix_x = 200; }},
  };
  for (const Case& one : cases) {
    config::SimulateConfig config = config_;
    one.spoil(config);
    std::ostringstream out;
    try {
      io::OutputFolders folders;
      run_simulate(config, job_, {}, folders, out);
      ADD_FAILURE() << "no error for " << one.key;
    } catch (const ConfigError& error) {
      const std::string what = error.what();
      EXPECT_NE(what.find(std::string("simulate: ") + one.key), std::string::npos) << what;
      EXPECT_NE(what.find("expected"), std::string::npos) << what;
    }
  }
}

TEST_F(SimulateTest, SaysWhichWavelengthsFitOnTheCcd) {
  /// What is said of a range; nothing where it is taken.
  const auto refusal = [&](double wavemin, double wavemax) -> std::string {
    config_.wave_r = {wavemin, wavemax, 0.8};
    try {
      task_psf(config_, plan(config_).front());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  const std::string what = refusal(5000, 9000);
  EXPECT_NE(what.find("found 5000.0 to 9000.0 Angstrom. Use 5649.0 to 7715.0 or less."), std::string::npos) << what;
  EXPECT_EQ(refusal(5649, 7715), "");
  // Traces are made for a range, and differ a little with it.
  EXPECT_NE(refusal(5550, 7715), "");
  EXPECT_NE(refusal(5649, 7716), "");
}

TEST_F(SimulateTest, RefusesAFileThatIsNoFolder) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "out") << "a file";
  EXPECT_THROW(run(), FileError);
}

TEST_F(SimulateTest, TakesARealPsf) {
  const char* shared = std::getenv("ZSPEX_SHARED");
  const fs::path data = shared ? fs::path(shared) / "data" : fs::path(ZSPEX_SOURCE_DIR) / "../shared/data";
  const fs::path real = data / "psf/psf-r0-00051060.fits";
  if (!fs::exists(real)) GTEST_SKIP() << "needs " << real << " (ZSPEX_SHARED names the folder that holds data/)";
  config_.psf = {real};
  config_.npix_x = 420;
  config_.compress = config::Compression::gz;
  run();
  const fs::path out = config_.output;
  const io::Preproc frame = io::read_preproc(out / "preproc-r0-00000001.fits.gz");
  const io::PsfFile psf = io::read_psf(out / "psf-r0.fits"), original = io::read_psf(real);
  EXPECT_EQ(frame.image.extent(1), 420u);
  EXPECT_EQ(psf.npix_x, 420);
  EXPECT_EQ(psf.nspec, 500);
  EXPECT_EQ(psf.x.coeff, original.x.coeff);
  EXPECT_EQ(psf.gh[17].coeff, original.gh[17].coeff);

  config_.cameras = {"b0"};
  EXPECT_THROW(run(), FileError);  // another band
}

}  // namespace
}  // namespace zspex::simulate
