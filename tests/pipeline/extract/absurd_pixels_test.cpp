#include "pipeline/extract/absurd_pixels.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/mask_bits.hpp"
#include "tests/pipeline/extract/small_instrument.hpp"

namespace zspex::pipeline {
namespace {

/// A frame of the small instrument: read noise 3, ivar at most a little above 1 / 9.
class AbsurdPixelsOfAFrame : public testing::Test {
 protected:
  AbsurdPixels mask() { return mask_absurd_pixels(frame_, config_, ccdmask::unusable); }
  void expect_told(const AbsurdPixels& found, std::initializer_list<const char*> words) {
    ASSERT_EQ(found.warnings.size(), 1u);
    for (const char* word : words) EXPECT_NE(found.warnings[0].find(word), std::string::npos) << found.warnings[0];
  }

  io::Preproc frame_ = small_frame(small_psf(), 1);
  config::ExtractConfig config_;
};

TEST_F(AbsurdPixelsOfAFrame, UsualPixelsStayAsTheyAre) {
  frame_.image(40, 50) = 2e5F;  // a saturated star
  frame_.ivar(40, 50) = 1 / 2e5F;
  frame_.ivar(41, 50) = -1;
  frame_.ivar(42, 50) = std::numeric_limits<float>::infinity();
  const Array2<float> before = frame_.ivar;
  const AbsurdPixels found = mask();
  EXPECT_EQ(found.nlow_noise, 0);
  EXPECT_EQ(found.nhigh_snr, 0);
  EXPECT_TRUE(found.warnings.empty());
  EXPECT_TRUE(frame_.ivar == before);
}

TEST_F(AbsurdPixelsOfAFrame, LessNoiseThanTheReadNoiseAllowsIsMaskedAndNamed) {
  frame_.path = "preproc.fits";
  for (int source = 0; source < 3; ++source) {  // READNOISE, the header, the frame's own pixels
    auto frame = frame_;
    if (source > 0) frame.readnoise = Array2<float>();
    if (source == 1) frame.header.set("OBSRDNB", 3.1);
    if (source == 1) frame.header.set("OBSRDNC", 3.0);
    std::swap(frame, frame_);
    frame_.ivar(133, 57) = 1e20F;
    frame_.ivar(20, 21) = 5;     // a noise of 0.15 times 3 electrons
    frame_.ivar(20, 22) = 0.3F;  // 0.6 times
    const AbsurdPixels found = mask();
    EXPECT_EQ(found.nlow_noise, 2) << source;
    EXPECT_EQ(found.nhigh_snr, 0);
    EXPECT_EQ(frame_.ivar(133, 57), 0);
    EXPECT_EQ(frame_.ivar(20, 21), 0);
    EXPECT_EQ(frame_.ivar(20, 22), 0.3F);
    expect_told(found,
                {"preproc.fits[IVAR]", "2 pixels", "row 20, column 21", "row 133, column 57", "min_pixel_noise"});
    std::swap(frame, frame_);
  }
}

TEST_F(AbsurdPixelsOfAFrame, SignalsThatNoDetectorHoldsAreMaskedAndNamed) {
  frame_.image(131, 60) = 1e30F;
  frame_.image(132, 60) = -3e38F;
  frame_.image(133, 60) = std::numeric_limits<float>::quiet_NaN();
  const AbsurdPixels found = mask();
  EXPECT_EQ(found.nhigh_snr, 2);
  EXPECT_EQ(frame_.ivar(131, 60), 0);
  EXPECT_EQ(frame_.ivar(132, 60), 0);
  expect_told(found, {"[IMAGE]", "2 pixels", "row 131, column 60", "max_pixel_snr"});
}

TEST_F(AbsurdPixelsOfAFrame, BoundsCanBeSetAndSwitchedOff) {
  frame_.image(131, 60) = 300;
  frame_.ivar(131, 60) = 0.1F;
  frame_.ivar(20, 21) = 1e20F;
  frame_.image(20, 21) = 0;
  config_.max_pixel_snr = 90;
  config_.min_pixel_noise = 0;
  const AbsurdPixels found = mask();
  EXPECT_EQ(found.nlow_noise, 0);
  EXPECT_GE(found.nhigh_snr, 1);
  EXPECT_EQ(frame_.ivar(131, 60), 0);
  EXPECT_EQ(frame_.ivar(20, 21), 1e20F);
  config_.max_pixel_snr = 0;
  EXPECT_EQ(mask().nhigh_snr, 0);
}

TEST_F(AbsurdPixelsOfAFrame, MaskedPixelsAreNotCounted) {
  frame_.ivar(20, 21) = 1e20F;
  frame_.mask(20, 21) = ccdmask::cosmic;
  EXPECT_EQ(mask().nlow_noise, 0);
}

}  // namespace
}  // namespace zspex::pipeline
