#include "io/results.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/model_image.hpp"
#include "io/preproc.hpp"
#include "io/psf.hpp"
#include "io/truth.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

const DatasetInfo& dataset(const ResultsSummary& summary, const std::string& name) {
  for (const DatasetInfo& info : summary.datasets)
    if (info.name == name) return info;
  throw std::runtime_error("no dataset " + name);
}

class FrameFile : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    path_ = folder_ / GetParam();
    if (path_.ends_with(".h5"))
      write_frame_hdf5(path_, "r0-00051060", frame_, test::sample_provenance(), test::sample_timing());
    else
      write_frame_fits(path_, frame_, test::sample_provenance());
  }
  TempDir folder_;
  std::string path_;
  Frame frame_ = test::sample_frame(29, 31, 5);
};

TEST_P(FrameFile, IsSummarized) {
  const ResultsSummary summary = read_summary(path_);
  const bool hdf5 = path_.ends_with(".h5");
  EXPECT_EQ(summary.path, path_);
  EXPECT_EQ(summary.kind, hdf5 ? FileKind::results_hdf5 : FileKind::frame_fits);
  EXPECT_EQ(summary.file_bytes, test::read_bytes(path_).size());
  ASSERT_EQ(summary.frames.size(), 1u);
  EXPECT_EQ(summary.frames[0].name, "r0-00051060");
  EXPECT_EQ(summary.frames[0].camera, "r0");
  EXPECT_EQ(summary.frames[0].nspec, 29u);
  EXPECT_EQ(summary.frames[0].nwave, 31u);
  EXPECT_EQ(summary.frames[0].wavemin, 5760);
  EXPECT_EQ(summary.frames[0].wavemax, frame_.wave.back());
  EXPECT_EQ(summary.header.integer("EXPID"), 51060);

  const std::string group = hdf5 ? "/frames/r0-00051060/" : "";
  const auto name = [&](const char* lower, const char* upper) { return group + (hdf5 ? lower : upper); };
  const DatasetInfo resolution = dataset(summary, name("resolution", "RESOLUTION"));
  EXPECT_EQ(resolution.type, "float32");
  EXPECT_EQ(resolution.shape, (std::vector<std::size_t>{29, 5, 31}));
  EXPECT_GT(resolution.bytes, 0u);
  EXPECT_EQ(dataset(summary, name("flux", "FLUX")).units, "electron/Angstrom");
  EXPECT_EQ(dataset(summary, name("mask", "MASK")).type, "uint32");
  EXPECT_EQ(dataset(summary, name("wavelength", "WAVELENGTH")).units, "Angstrom");
  const DatasetInfo fibermap = dataset(summary, name("fibermap", "FIBERMAP"));
  EXPECT_EQ(fibermap.type, "table of 14 columns");
  EXPECT_EQ(fibermap.shape, std::vector<std::size_t>{29});

  ASSERT_TRUE(summary.provenance);
  const Provenance expected = test::sample_provenance();
  EXPECT_EQ(summary.provenance->version, expected.version);
  EXPECT_EQ(summary.provenance->revision, expected.revision);
  EXPECT_EQ(summary.provenance->command, expected.command);
  EXPECT_EQ(summary.provenance->config, expected.config);
  EXPECT_EQ(summary.provenance->host, expected.host);
  EXPECT_EQ(summary.provenance->kokkos, expected.kokkos);
  EXPECT_EQ(summary.provenance->mpi, expected.mpi);
  EXPECT_EQ(summary.provenance->strategy, expected.strategy);
  EXPECT_EQ(summary.provenance->nranks, 3);
  EXPECT_EQ(summary.provenance->started, expected.started);
  EXPECT_EQ(summary.provenance->finished, expected.finished);
  EXPECT_EQ(summary.provenance->inputs, expected.inputs);
  if (!hdf5) return;
  ASSERT_EQ(summary.timing.size(), 2u);
  EXPECT_EQ(summary.timing[1].stage, "extract");
  EXPECT_EQ(summary.timing[1].step, "solve bundles");
  EXPECT_EQ(summary.timing[1].max_seconds, 12.25);
  EXPECT_EQ(summary.timing[0].bytes_read, 271739520u);
  EXPECT_EQ(summary.timing[0].peak_memory, 1u << 30);
  for (const DatasetInfo& info : summary.datasets) {
    EXPECT_FALSE(info.units.empty()) << info.name;
    EXPECT_FALSE(info.description.empty()) << info.name;
  }
}

TEST_P(FrameFile, OneSpectrumIsRead) {
  const Spectrum spectrum = read_spectrum(path_, 27);
  EXPECT_EQ(spectrum.wave, frame_.wave);
  EXPECT_EQ(spectrum.units, "electron/Angstrom");
  for (std::size_t j = 0; j < frame_.wave.size(); ++j) {
    EXPECT_EQ(spectrum.flux[j], frame_.flux(27, j));
    EXPECT_EQ(spectrum.ivar[j], frame_.ivar(27, j));
    EXPECT_EQ(spectrum.mask[j], frame_.mask(27, j));
  }
  expect_error([&] { (void)read_spectrum(path_, 29); }, ExitCode::input, {"29"});
}

INSTANTIATE_TEST_SUITE_P(All, FrameFile, testing::Values("frame.fits", "frame.fits.gz", "frame.h5"));

TEST(Results, KindsAreTold) {
  const TempDir folder;
  write_preproc(folder / "a.fits.fz", test::sample_preproc());
  const ResultsSummary preproc = read_summary(folder / "a.fits.fz");
  EXPECT_EQ(preproc.kind, FileKind::preproc);
  EXPECT_EQ(dataset(preproc, "IMAGE").type, "float32, compressed");
  EXPECT_EQ(dataset(preproc, "IMAGE").shape, (std::vector<std::size_t>{17, 13}));
  EXPECT_FALSE(preproc.provenance);
  EXPECT_TRUE(preproc.frames.empty());
  write_psf(folder / "p.fits", test::sample_psf());
  EXPECT_EQ(read_summary(folder / "p.fits").kind, FileKind::psf);
  write_truth(folder / "t.fits", {{1, 2, 3}, Array2<double>({2, 3}, 0.5), std::nullopt});
  EXPECT_EQ(read_summary(folder / "t.fits").kind, FileKind::truth);
  write_model_image(folder / "m.fits", Array2<float>({5, 3}), {}, {});
  EXPECT_EQ(read_summary(folder / "m.fits").kind, FileKind::model);
  test::RawFits().image("", 8, {}, "").save(folder / "o.fits");
  EXPECT_EQ(read_summary(folder / "o.fits").kind, FileKind::other_fits);
}

TEST(Results, AFrameThatIsNotInTheFileIsNamed) {
  const TempDir folder;
  write_frame_hdf5(folder / "f.h5", "r0-00051060", test::sample_frame(), {}, {});
  expect_error([&] { (void)read_spectrum(folder / "f.h5", 0, "z9-00000001"); }, ExitCode::input,
               {"z9-00000001", "r0-00051060"});
  EXPECT_NO_THROW((void)read_spectrum(folder / "f.h5", 0, "r0-00051060"));
  EXPECT_TRUE(read_summary(folder / "f.h5").timing.empty());
}

TEST(Results, OtherFilesAreRefused) {
  const TempDir folder;
  expect_error([&] { (void)read_summary(folder / "none"); }, ExitCode::input, {"No such file"});
  test::write_bytes(folder / "empty", "");
  expect_error([&] { (void)read_summary(folder / "empty"); }, ExitCode::input, {"empty"});
  test::write_bytes(folder / "text", "hello, world");
  expect_error([&] { (void)read_summary(folder / "text"); }, ExitCode::input, {"FITS"});
  write_preproc(folder / "p.fits", test::sample_preproc());
  expect_error([&] { (void)read_spectrum(folder / "p.fits", 0); }, ExitCode::input, {"[FLUX]"});
}

TEST(Results, FilesOfOtherProgramsAreSummarized) {
  const std::string data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "../shared/data is not here";
  const ResultsSummary frame = read_summary(data + "/golden/extract/frame-r0-golden-gpu_specter.fits.gz");
  EXPECT_EQ(frame.kind, FileKind::frame_fits);
  EXPECT_EQ(frame.frames.at(0).nwave, 2326u);
  const ResultsSummary details = read_summary(data + "/golden/redrock/rrdetails-test.h5");
  EXPECT_EQ(details.kind, FileKind::details_hdf5);
  EXPECT_TRUE(details.has_redshifts);
  EXPECT_EQ(details.datasets[1].name, "/zfit/TARGETID/zfit") << "one line for all targets";
  EXPECT_EQ(details.datasets[1].type, "3 tables");
  for (const char* name : {"redrock-test.fits", "rrmodel-golden.fits"}) {
    const ResultsSummary redshifts = read_summary(data + "/golden/redrock/" + name);
    EXPECT_EQ(redshifts.kind, FileKind::redshifts_fits) << name;
    EXPECT_TRUE(redshifts.has_redshifts) << name;
  }
  EXPECT_EQ(read_summary(data + "/coadd/coadd-4-80613-thru20210324.fits").kind, FileKind::coadd);
  EXPECT_EQ(read_summary(data + "/templates/rrtemplate-STAR-CV-v0.1.fits").kind, FileKind::other_fits);
  EXPECT_EQ(read_summary(data + "/psf/psf-r0-00051060.fits").kind, FileKind::psf);
  EXPECT_EQ(read_summary(data + "/golden/extract/preproc-r0-golden.truth.fits").kind, FileKind::truth);
}

}  // namespace
}  // namespace zspex::io
