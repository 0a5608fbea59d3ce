// The very bits of a small extraction and of a small scan, as recorded: the same from every compiler. They depend on how many
// lanes a vector has, since sums run lane by lane, and on whether the instruction set has multiply-adds; and on nothing else.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include "kernels/base/simd.hpp"
#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"
#include "tests/kernels/support/invented_redshift.hpp"

namespace zspex::kernels {
namespace {

using test::HostFitter;
using test::Zscan;

using test::Random;

/// FNV-1a of all bytes.
class Hash {
 public:
  template <class T>
  void add(std::span<const T> values) {
    for (const std::byte byte : std::as_bytes(values)) {
      value_ ^= static_cast<std::uint64_t>(byte);
      value_ *= 0x100000001b3u;
    }
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

/// What is recorded for each kind of instruction set.
struct Recorded {
  std::uint64_t avx512, avx2_fma, plain, one_lane;

  std::uint64_t here() const {
    return host_simd_width == 8 ? avx512 : host_simd_width == 1 ? one_lane : host_fuses ? avx2_fma : plain;
  }
};

class RecordedBits : public testing::Test {
 protected:
  void SetUp() override {
    if (!on_host<Kokkos::DefaultExecutionSpace>) GTEST_SKIP() << "recorded for the host, this is built for a device";
    if (host_simd_width == 1 && host_fuses) GTEST_SKIP() << "not recorded for one lane with multiply-adds";
    if (host_simd_width == 8 && !host_fuses) GTEST_SKIP() << "not recorded for AVX-512 without multiply-adds";
  }
};

std::uint64_t scan_bits(FitMethod method, bool mixed) {
  Random random(91);
  Template tmpl;
  tmpl.spectype = "GALAXY";
  tmpl.method = method;
  for (int i = 0; i < 3000; ++i) tmpl.wave.push_back(2000 + 0.5 * i * (1 + 1e-5 * i));
  tmpl.basis = Array2<double>({7, tmpl.wave.size()});
  for (double& value : tmpl.basis) value = random.uniform(0.1, 1);
  tmpl.redshifts = test::even_redshifts(0.5, 0.003, 9);
  test::Grids grids(2);
  for (int p = 0; p < 211; ++p) grids[0].push_back(3600 + 0.8 * p);
  for (int p = 0; p < 163; ++p) grids[1].push_back(3700 + 0.9 * p);
  std::vector<Target> targets(5);
  for (std::size_t i = 0; i < targets.size(); ++i)
    for (int band = 0; band < 2; ++band) {
      TargetSpectrum& spectrum = targets[i].spectra.emplace_back();
      spectrum.band = band;
      spectrum.ndiag = band == 0 ? 5 : i == 3 ? 9 : 7;
      for (std::size_t p = 0; p < grids[band].size(); ++p) {
        spectrum.flux.push_back(random.uniform(0, 10));
        spectrum.ivar.push_back(p % 20 == 7 ? 0 : random.uniform(0.5, 3));
      }
      for (std::size_t k = 0; k < spectrum.ndiag * grids[band].size(); ++k)
        spectrum.resolution.push_back(static_cast<float>(random.uniform(0, 0.3)));
    }
  HostFitter fitter(grids, {tmpl}, {.mixed = mixed});
  fitter.set_targets(targets);
  const Zscan scan = test::scan_slices(fitter, 0, {0, 4});
  Hash hash;
  hash.add(std::span<const double>(scan.chi2.data(), scan.chi2.size()));
  hash.add(std::span<const float>(scan.coeff.data(), scan.coeff.size()));
  return hash.value();
}

TEST_F(RecordedBits, OfAScanInMixedPrecision) {
  EXPECT_EQ(scan_bits(FitMethod::pca, true),
            (Recorded{0x0c66c2d57cb7b1a1, 0x0bfa1d99742115db, 0x4c44039b5b1b34fb, 0xc1345451c98f1c71}.here()));
}

TEST_F(RecordedBits, OfAScanInDouble) {
  EXPECT_EQ(scan_bits(FitMethod::pca, false),
            (Recorded{0x547d51e4081ea3b3, 0xe5b8a139a5e106b6, 0xba14cc8fd8246cb5, 0x5e99bb2676e0d55b}.here()));
}

TEST_F(RecordedBits, OfAScanWithoutNegativeCoefficients) {
  EXPECT_EQ(scan_bits(FitMethod::nmf, true),
            (Recorded{0x512160930ed5f225, 0xd0d63bd7350b7b2b, 0xee779434f85e5ee7, 0x2b9be0692fddbb7f}.here()));
}

/// A spot's light comes from the exp and erf of the C library, whose last bits its versions are free to change.
std::uint64_t library_bits() {
  Hash hash;
  for (int i = -2000; i < 2000; ++i) {
    const std::array<double, 2> values = {std::exp(-0.5 * (i * 0.003) * (i * 0.003)), std::erf(i * 0.0021)};
    hash.add(std::span<const double>(values));
  }
  return hash.value();
}

std::uint64_t extraction_bits(SolverKind solver) {
  test::Camera camera;
  camera.nwave = 41;
  const Psf psf = test::invent_psf(camera);
  ExtractSettings settings = test::settings_for(camera);
  settings.solver = solver;
  Random random(92);
  test::Pixels pixels(camera.nx, camera.ny);
  for (std::size_t i = 0; i < pixels.image.size(); ++i) {
    pixels.image[i] = static_cast<float>(random.uniform(0, 500));
    pixels.ivar[i] = random.bits() % 50 == 0 ? 0 : static_cast<float>(random.uniform(0.001, 0.1));
  }
  const ExtractedBlock block = test::extract_all(psf, settings, pixels.view());
  Hash hash;
  hash.add(std::span<const double>(block.flux.data(), block.flux.size()));
  hash.add(std::span<const double>(block.ivar.data(), block.ivar.size()));
  hash.add(std::span<const double>(block.resolution.data(), block.resolution.size()));
  hash.add(std::span<const double>(block.chi2pix.data(), block.chi2pix.size()));
  return hash.value();
}

class RecordedExtraction : public RecordedBits {
 protected:
  void SetUp() override {
    RecordedBits::SetUp();
    if (library_bits() != 0xe4d37828864a5814)
      GTEST_SKIP() << "exp or erf of this C library differs from the recorded one's in the last bits";
  }
};

TEST_F(RecordedExtraction, ByPatches) {
  EXPECT_EQ(extraction_bits(SolverKind::patch),
            (Recorded{0x6480ad384645d9e8, 0xefe20f89ecfd0437, 0xd42339c4528db52f, 0x0df58936ae71f831}.here()));
}

TEST_F(RecordedExtraction, OfABundle) {
  EXPECT_EQ(extraction_bits(SolverKind::bundle),
            (Recorded{0x011c2f3fd9a6eaab, 0x117d0919f7d2051c, 0xbe226b57b97e6262, 0x26eb461d25525d29}.here()));
}

}  // namespace
}  // namespace zspex::kernels
