// The extraction as on a GPU, without one: memory of its own, and streams that are done early or late.
#include "kernels/base/emulated_device.hpp"

#include <gtest/gtest.h>

#include "kernels/extract/detail/backend.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {

using namespace detail;

namespace {

struct Case {
  const char* name;
  SolverKind solver;
  DecorrelationKind decorrelation;
  ModelKind model;
};

class OnEmulatedDevice : public testing::TestWithParam<Case> {
 protected:
  OnEmulatedDevice() {
    test::Camera camera;
    camera.nspec = 24;
    camera.nx = 193;
    camera.nwave = 41;
    psf = test::invent_psf(camera);
    settings = test::settings_for(camera, 6, 2, GetParam().solver, GetParam().decorrelation);
    settings.model = GetParam().model;
    test::Random random(67);
    pixels = test::expose(psf, settings.wave, test::invent_spectra(24, 41, 200, random), random);
    test::add_noise(pixels, random);
    for (int i = 0; i < 300; ++i) pixels.ivar[random.bits() % pixels.ivar.size()] = 0;
  }
  ~OnEmulatedDevice() override { EmulatedDevice::set_late_streams(0); }

  void expect_as_on_host(const test::Tolerance& tolerance = {}) {
    const test::Pixels& image = pixels;
    const ExtractedBlock expected = test::extract_all(psf, settings, image.view());
    for (unsigned late = 0; late < 4; ++late) {
      SCOPED_TRACE("late streams " + std::to_string(late));
      EmulatedDevice::set_late_streams(late);
      ExtractBackend<EmulatedDevice> backend(psf, settings);
      ASSERT_EQ(backend.depth(), 2);
      for (int frame = 0; frame < 2; ++frame) {  // the second time all memory is there, with what the first left
        const ExtractedBlock found = test::extract_all(backend, psf, settings, image.view());
        test::expect_finite(found);
        EXPECT_EQ(found.npatch, expected.npatch);
        EXPECT_EQ(found.nretried, expected.nretried);
        EXPECT_EQ(found.nfailed, expected.nfailed);
        EXPECT_EQ(found.failed, expected.failed);
        test::expect_close(found, test::plain(expected), tolerance);
        for (std::size_t i = 0; i < expected.model.size(); ++i)
          ASSERT_NEAR(found.model.data()[i], expected.model.data()[i], 1e-6 * (1 + std::abs(expected.model.data()[i])));
      }
    }
  }

  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{1, 1};
};

TEST_P(OnEmulatedDevice, AgreesWithTheHost) { expect_as_on_host(); }

// Two fibers on one trace: the bundle can't be factorized, patches take its place, and some of them are tried twice.
TEST_P(OnEmulatedDevice, TriesAgainWhatTheHostDoes) {
  for (Legendre* series : {&psf.x, &psf.y, &psf.sigmax, &psf.sigmay})
    std::copy_n(series->coeff.row(7).data(), series->ncoeff(), series->coeff.row(8).data());
  for (Legendre& series : psf.gh) std::copy_n(series.coeff.row(7).data(), series.ncoeff(), series.coeff.row(8).data());
  for (float& value : pixels.ivar) value *= 1e4f;  // the prior of 1e-15 is lost
  const ExtractedBlock found = test::extract_all(psf, settings, pixels.view());
  EXPECT_GT(found.nretried, found.nfailed);
  expect_as_on_host({1e-4, 1e-4, 1e-4, 1e-4, 1e-12});
}

INSTANTIATE_TEST_SUITE_P(
    Solvers, OnEmulatedDevice,
    testing::Values(Case{"PatchSignal", SolverKind::patch, DecorrelationKind::signal, ModelKind::none},
                    Case{"PatchSignalModel", SolverKind::patch, DecorrelationKind::signal, ModelKind::deconvolved},
                    Case{"PatchNoise", SolverKind::patch, DecorrelationKind::noise, ModelKind::none},
                    Case{"BundleSignal", SolverKind::bundle, DecorrelationKind::signal, ModelKind::reconvolved}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace zspex::kernels
