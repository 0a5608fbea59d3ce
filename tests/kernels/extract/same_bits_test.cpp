// The same bytes, whatever the batches, blocks, order and history.
#include <gtest/gtest.h>

#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {
namespace {

using test::Camera;
using test::extract_all;

class SameBits : public testing::TestWithParam<std::pair<SolverKind, DecorrelationKind>> {
 protected:
  SameBits() {
    camera.nspec = 20;
    camera.nx = 163;
    camera.nwave = 71;
    psf = test::invent_psf(camera);
    settings = test::settings_for(camera, 10, 5, GetParam().first, GetParam().second);
    test::Random random(61);
    pixels = test::expose(psf, settings.wave, test::invent_spectra(20, 71, 200, random), random);
    test::add_noise(pixels, random);
    for (int i = 0; i < 500; ++i) pixels.ivar[random.bits() % pixels.ivar.size()] = 0;
  }
  Camera camera;
  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{1, 1};
};

TEST_P(SameBits, ForEveryBatch) {
  const ExtractedBlock expected = extract_all(psf, settings, pixels.view());
  for (int batch : {1, 3, 100}) {
    settings.batch = batch;
    SCOPED_TRACE("batch " + std::to_string(batch));
    test::expect_same_bytes(extract_all(psf, settings, pixels.view()), expected);
  }
}

TEST_P(SameBits, ForFineAndCoarseBlocks) {
  ASSERT_EQ(plan_blocks(settings, true).size(), settings.solver == SolverKind::patch ? 10u : 2u);
  test::expect_same_bytes(extract_all(psf, settings, pixels.view(), true),
                          extract_all(psf, settings, pixels.view(), false));
}

TEST_P(SameBits, ForSomeBundlesAsForAll) {
  const ExtractedBlock all = extract_all(psf, settings, pixels.view());
  settings.specmin = 10;
  settings.nspec = 10;
  const ExtractedBlock second = extract_all(psf, settings, pixels.view());
  for (std::size_t i = 0; i < second.flux.size(); ++i) {
    ASSERT_EQ(second.flux.data()[i], all.flux.row(10).data()[i]);
    ASSERT_EQ(second.ivar.data()[i], all.ivar.row(10).data()[i]);
  }
  for (std::size_t i = 0; i < second.resolution.size(); ++i)
    ASSERT_EQ(second.resolution.data()[i], all.resolution.row(10).data()[i]);
}

TEST_P(SameBits, WhateverWasExtractedBefore) {
  const std::vector<FiberBlock> blocks = plan_blocks(settings, true);
  const auto fresh = make_extractor(psf, settings), used = make_extractor(psf, settings);
  const test::Pixels empty(pixels.nx, pixels.ny, 1e30f, 0), bright(pixels.nx, pixels.ny, 1e20f, 1e-3f);
  for (const FiberBlock& block : blocks) {
    used->extract(bright.view(), blocks.back());
    used->extract(empty.view(), block);
    test::expect_same_bytes(used->extract(pixels.view(), block),
                            make_extractor(psf, settings)->extract(pixels.view(), block));
  }
  const ExtractedBlock first = fresh->extract(pixels.view(), blocks[0]);
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) fresh->extract(pixels.view(), *block);
  test::expect_same_bytes(fresh->extract(pixels.view(), blocks[0]), first);
}

TEST_P(SameBits, WithAndWithoutTheModelImage) {
  const ExtractedBlock without = extract_all(psf, settings, pixels.view());
  settings.model = ModelKind::reconvolved;
  test::expect_same_bytes(extract_all(psf, settings, pixels.view()), without);
}

TEST_P(SameBits, WhateverTheOtherBundleHolds) {
  const ExtractedBlock before = extract_all(psf, settings, pixels.view());
  Psf changed = psf;
  for (int s = 10; s < 20; ++s) changed.sigmax.coeff(s, 0) *= 1.3;
  const ExtractedBlock after = extract_all(changed, settings, pixels.view());
  for (int s = 0; s < 10; ++s)
    for (int w = 0; w < 71; ++w) ASSERT_EQ(after.flux(s, w), before.flux(s, w));
  EXPECT_NE(after.flux, before.flux);
}

INSTANTIATE_TEST_SUITE_P(Solvers, SameBits,
                         testing::Values(std::pair{SolverKind::patch, DecorrelationKind::signal},
                                         std::pair{SolverKind::patch, DecorrelationKind::noise},
                                         std::pair{SolverKind::bundle, DecorrelationKind::signal}),
                         [](const auto& info) { return test::solver_name(info.param); });

}  // namespace
}  // namespace zspex::kernels
