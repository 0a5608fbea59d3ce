#include "tests/kernels/support/compare.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace zspex::test {

using kernels::ExtractedBlock;

ExtractedBlock extract_all(const Psf& psf, const kernels::ExtractSettings& settings, const kernels::Image& image,
                           bool fine) {
  return extract_all(*make_extractor(psf, settings), psf, settings, image, fine);
}

ExtractedBlock extract_all(kernels::Extractor& extractor, const Psf& psf, const kernels::ExtractSettings& settings,
                           const kernels::Image& image, bool fine) {
  const std::size_t ns = settings.nspec, nw = settings.wave.size(), nd = 2 * psf.hsizey + 1;
  ExtractedBlock all;
  all.block = {settings.specmin, settings.nspec};
  all.flux = all.ivar = all.chi2pix = all.pixmask_fraction = Array2<double>({ns, nw});
  all.resolution = Array3<double>({ns, nd, nw});
  all.failed = all.untraced = Array2<std::uint8_t>({ns, nw});
  if (settings.model != kernels::ModelKind::none)
    all.model = Array2<float>({std::size_t(psf.npix_y), std::size_t(psf.npix_x)});
  std::size_t next = 0;
  const auto blocks = plan_blocks(settings, fine);
  std::size_t nstarted = 0, nfinished = 0;
  for (const kernels::FiberBlock& block : blocks) {
    for (; nstarted < blocks.size() && nstarted < nfinished + extractor.depth(); ++nstarted)
      extractor.start(image, blocks[nstarted]);
    const ExtractedBlock one = extractor.finish();
    ++nfinished;
    EXPECT_EQ(one.block.ispec, settings.specmin + static_cast<int>(next));
    EXPECT_EQ(one.block.nspec, block.nspec);
    const auto put = [&](const auto& from, auto& to) {
      EXPECT_EQ(from.extent(0), static_cast<std::size_t>(block.nspec));
      EXPECT_EQ(from.size(), to.size() / ns * block.nspec);
      std::copy(from.begin(), from.end(), to.data() + to.size() / ns * next);
    };
    put(one.flux, all.flux);
    put(one.ivar, all.ivar);
    put(one.chi2pix, all.chi2pix);
    put(one.pixmask_fraction, all.pixmask_fraction);
    put(one.resolution, all.resolution);
    put(one.failed, all.failed);
    put(one.untraced, all.untraced);
    all.npatch += one.npatch;
    all.nretried += one.nretried;
    all.nfailed += one.nfailed;
    EXPECT_EQ(one.model.empty(), settings.model == kernels::ModelKind::none);
    for (std::size_t y = 0; y < (one.model.empty() ? 0 : one.model.extent(0)); ++y)
      for (std::size_t x = 0; x < one.model.extent(1); ++x) all.model(y, one.model_x + x) += one.model(y, x);
    next += block.nspec;
  }
  EXPECT_EQ(next, ns);
  return all;
}

PlainSpectra plain(const ExtractedBlock& block) {
  return {block.flux, block.ivar, block.chi2pix, block.pixmask_fraction, block.resolution, {}};
}

void expect_close(const ExtractedBlock& found, const PlainSpectra& expected, const Tolerance& tolerance) {
  ASSERT_EQ(found.flux.shape(), expected.flux.shape());
  ASSERT_EQ(found.resolution.shape(), expected.resolution.shape());
  const std::size_t nd = found.resolution.extent(1);
  double worst = 0;
  for (std::size_t s = 0; s < found.flux.extent(0); ++s)
    for (std::size_t w = 0; w < found.flux.extent(1); ++w) {
      SCOPED_TRACE("fiber " + std::to_string(s) + ", bin " + std::to_string(w));
      const double ivar = expected.ivar(s, w);
      ASSERT_EQ(found.ivar(s, w) == 0, ivar == 0) << found.ivar(s, w) << " and " << ivar;
      ASSERT_EQ(found.pixmask_fraction(s, w) == 1, expected.pixmask_fraction(s, w) == 1);
      ASSERT_NEAR(found.pixmask_fraction(s, w), expected.pixmask_fraction(s, w), tolerance.pixmask);
      ASSERT_NEAR(found.ivar(s, w), ivar, tolerance.ivar * ivar);
      ASSERT_LE(std::abs(found.flux(s, w) - expected.flux(s, w)) * std::sqrt(ivar), tolerance.sigma)
          << found.flux(s, w) << " and " << expected.flux(s, w) << ", sigma " << 1 / std::sqrt(ivar);
      ASSERT_NEAR(found.chi2pix(s, w), expected.chi2pix(s, w), tolerance.chi2pix * (1 + expected.chi2pix(s, w)));
      for (std::size_t d = 0; d < nd; ++d)
        ASSERT_NEAR(found.resolution(s, d, w), expected.resolution(s, d, w), tolerance.resolution) << "diagonal " << d;
      worst = std::max(worst, std::abs(found.flux(s, w) - expected.flux(s, w)) * std::sqrt(ivar));
    }
  testing::Test::RecordProperty("worst_sigma", std::to_string(worst));
}

void expect_finite(const ExtractedBlock& block) {
  const auto check = [](const auto& values, const char* name) {
    for (std::size_t i = 0; i < values.size(); ++i)
      ASSERT_TRUE(std::isfinite(values.data()[i])) << name << " element " << i << " is " << values.data()[i];
  };
  check(block.flux, "flux");
  check(block.ivar, "ivar");
  check(block.chi2pix, "chi2pix");
  check(block.pixmask_fraction, "pixmask_fraction");
  check(block.resolution, "resolution");
  check(block.model, "model");
  for (std::size_t i = 0; i < block.ivar.size(); ++i) {
    ASSERT_GE(block.ivar.data()[i], 0);
    ASSERT_GE(block.chi2pix.data()[i], 0);
    ASSERT_GE(block.pixmask_fraction.data()[i], 0);
    ASSERT_LE(block.pixmask_fraction.data()[i], 1);
  }
}

Array2<double> convolve(const Array3<double>& resolution, const Array2<double>& photons, bool transposed) {
  const int ns = static_cast<int>(photons.extent(0)), nw = static_cast<int>(photons.extent(1));
  const int nd = static_cast<int>(resolution.extent(1));
  Array2<double> out(photons.shape());
  for (int s = 0; s < ns; ++s)
    for (int j = 0; j < nw; ++j)
      for (int d = 0; d < nd; ++d) {
        const int i = j - nd / 2 + d;  // the element is R[i][j]
        if (i < 0 || i >= nw) continue;
        if (transposed)
          out(s, j) += resolution(s, d, j) * photons(s, i);
        else
          out(s, i) += resolution(s, d, j) * photons(s, j);
      }
  return out;
}

void expect_same_bytes(const ExtractedBlock& a, const ExtractedBlock& b) {
  const auto same = [](const auto& left, const auto& right, const char* name) {
    ASSERT_EQ(left.shape(), right.shape()) << name;
    EXPECT_EQ(std::memcmp(left.data(), right.data(), left.size() * sizeof(*left.data())), 0) << name;
  };
  same(a.flux, b.flux, "flux");
  same(a.ivar, b.ivar, "ivar");
  same(a.resolution, b.resolution, "resolution");
  same(a.chi2pix, b.chi2pix, "chi2pix");
  same(a.pixmask_fraction, b.pixmask_fraction, "pixmask_fraction");
  same(a.failed, b.failed, "failed");
}

}  // namespace zspex::test
