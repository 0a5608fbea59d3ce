// Against gpu_specter on the golden frame. Needs ../shared/data (or $ZSPEX_SHARED/data).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "io/frame.hpp"
#include "io/preproc.hpp"
#include "io/psf.hpp"
#include "kernels/extract/detail/patches.hpp"
#include "kernels/extract/trace_faults.hpp"
#include "tests/kernels/extract/golden_values.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invalid.hpp"

namespace zspex::kernels {

using namespace detail;

namespace {

std::string shared(const std::string& name) {
  const char* elsewhere = std::getenv("ZSPEX_SHARED");
  return std::string(elsewhere ? elsewhere : ZSPEX_TEST_SHARED) + "/data/" + name;
}

#define ZSPEX_NEEDS(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path << ": golden data are not part of the repository"

const std::string psf_path = shared("psf/psf-r0-00051060.fits");
const std::string preproc_path = shared("golden/extract/preproc-r0-golden.fits.gz");
const std::string frame_path = shared("golden/extract/frame-r0-golden-gpu_specter.fits.gz");

TEST(Golden, TracesOfRealPsfsHaveNoFaults) {
  struct Band {
    const char* file;
    double wavemin, wavemax;
  };
  for (const Band& band : {Band{"b0-derived", 3600, 5800}, {"r0-00051060", 5760, 7620}, {"z0-derived", 7520, 9824}}) {
    const std::string path = shared("psf/psf-" + std::string(band.file) + ".fits");
    ZSPEX_NEEDS(path);
    const Psf psf = io::read_psf(path);
    for (const TraceFault& fault : find_trace_faults(psf, wave_grid(band.wavemin, band.wavemax, 0.8)))
      ADD_FAILURE() << path << ", fiber " << fault.ispec << ": " << fault.why;
  }
}

TEST(Golden, PixelWindowsAreThoseOfTheReference) {
  ZSPEX_NEEDS(psf_path);
  const Psf psf = io::read_psf(psf_path);
  ExtractSettings settings;
  settings.wave = wave_grid(5760, 7620, 0.8);
  const Traces traces = trace_fibers(psf, 0, 25, pad_wave(settings.wave, 0.8, 12, 62));
  const PixelWindow window = window_of(psf, traces);
  const std::vector<PatchShape> patches = plan_patches(psf, settings, {0, 25}, traces, window);
  ASSERT_EQ(patches.size(), 235u);
  for (int i = 0; i < 235; ++i) {
    SCOPED_TRACE("sub-bundle " + std::to_string(i / 47) + ", bin " + std::to_string(i % 47 * 50));
    EXPECT_EQ(patches[i].y0 + window.y0, test::golden_windows[i].y0);
    EXPECT_EQ(patches[i].y1 + window.y0, test::golden_windows[i].y1);
    EXPECT_EQ(patches[i].x0 + window.x0, test::golden_windows[i].x0);
    EXPECT_EQ(patches[i].x1 + window.x0, test::golden_windows[i].x1);
    EXPECT_GE(patches[i].band, 38);  // the design's table of sizes
    EXPECT_LE(patches[i].band, 58);
  }
}

/// One test for all that needs the image: it takes seconds to read.
TEST(Golden, PatchesAndFrameAreThoseOfTheReference) {
  ZSPEX_NEEDS(psf_path);
  ZSPEX_NEEDS(preproc_path);
  ZSPEX_NEEDS(frame_path);
  const Psf psf = io::read_psf(psf_path);
  const io::Preproc preproc = io::read_preproc(preproc_path);
  Image image{static_cast<int>(preproc.image.extent(1)),
              static_cast<int>(preproc.image.extent(0)),
              preproc.image.data(),
              preproc.ivar.data(),
              preproc.mask.data(),
              0xffffffffu};  // spex masks on any bit
  const std::vector<double> wave = wave_grid(5760, 7620, 0.8);
  ASSERT_EQ(wave.size(), 2326u);

  for (const test::GoldenPatch& patch : test::golden_patches) {
    ExtractSettings settings;
    settings.wave.assign(wave.begin() + patch.iwave, wave.begin() + patch.iwave + patch.nwave);
    const auto extractor = make_extractor(psf, settings);
    const ExtractedBlock found = extractor->extract(image, {patch.ispec, 5});
    ASSERT_EQ(found.npatch, 1);
    for (const test::GoldenBin& bin : patch.bins) {
      const int s = bin.ispec - patch.ispec, w = bin.iwave - patch.iwave;
      SCOPED_TRACE("fiber " + std::to_string(bin.ispec) + ", bin " + std::to_string(bin.iwave));
      EXPECT_LT(std::abs(found.flux(s, w) - bin.flux) * std::sqrt(bin.ivar), 1e-9)
          << found.flux(s, w) << ", " << bin.flux;
      EXPECT_NEAR(found.ivar(s, w), bin.ivar, 1e-9 * bin.ivar);
      EXPECT_NEAR(found.chi2pix(s, w), bin.chi2pix, 1e-9 * (1 + bin.chi2pix));
      EXPECT_NEAR(found.pixmask_fraction(s, w), bin.pixmask, 1e-12);
      for (int d = 0; d < 11; ++d) EXPECT_NEAR(found.resolution(s, d, w), bin.resolution[d], 1e-9) << "diagonal " << d;
    }
  }

  // The first 300 bins of all 25 fibers, through the frame file: float32, per Angstrom. Same cuts as the whole range: 6
  // patches of 50 bins.
  const io::Frame frame = io::read_frame_fits(frame_path);
  ASSERT_EQ(frame.flux.extent(0), 25u);
  ASSERT_EQ(frame.wave, wave);
  ExtractSettings settings;
  settings.wave.assign(wave.begin(), wave.begin() + 300);
  const auto extractor = make_extractor(psf, settings);
  const ExtractedBlock patches = extractor->extract(image, {0, 25});
  EXPECT_EQ(patches.npatch, 30);
  EXPECT_EQ(patches.nretried, 0);
  settings.solver = SolverKind::bundle;
  const auto seamless = make_extractor(psf, settings);
  const ExtractedBlock bundle = seamless->extract(image, {0, 25});
  std::vector<double> apart;
  for (int s = 0; s < 25; ++s)
    for (int w = 0; w < 299; ++w) {  // the step of the last bin is another one there
      SCOPED_TRACE("fiber " + std::to_string(s) + ", bin " + std::to_string(w));
      const double step = w == 0 ? wave[1] - wave[0] : 0.5 * (wave[w + 1] - wave[w - 1]);
      const double ivar = frame.ivar(s, w), flux = frame.flux(s, w);
      ASSERT_GT(ivar, 0);
      // Two roundings to float: 1.2e-7 of the flux, up to hundreds of sigma on a sky line
      ASSERT_LT(std::abs(patches.flux(s, w) / step - flux) * std::sqrt(ivar),
                1e-6 + 1.2e-7 * std::abs(flux) * std::sqrt(ivar));
      ASSERT_NEAR(patches.ivar(s, w) * step * step, ivar, 2e-7 * ivar);
      for (int d = 0; d < 11; ++d)
        ASSERT_NEAR(patches.resolution(s, d, w), frame.resolution(s, d, w), 1e-7) << "diagonal " << d;
      if (w < 280) apart.push_back(std::abs(bundle.flux(s, w) / step - flux) * std::sqrt(ivar));
    }
  std::sort(apart.begin(), apart.end());
  EXPECT_LT(apart[apart.size() * 99 / 100], 5e-3);  // the reference's own dependence on the size of its patches
  EXPECT_LT(apart.back(), 2e-2);
}

}  // namespace
}  // namespace zspex::kernels
