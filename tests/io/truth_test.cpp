#include "io/truth.hpp"

#include <gtest/gtest.h>

#include "io/model_image.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;

Truth sample_truth() {
  Truth truth;
  truth.flux = Array2<double>({3, 7});
  for (std::size_t i = 0; i < truth.flux.size(); ++i) truth.flux.data()[i] = 0.1 * static_cast<double>(i) - 1;
  for (int j = 0; j < 7; ++j) truth.wave.push_back(5760 + 0.8 * j);
  truth.table = test::sample_table("TRUTH", 3);
  return truth;
}

TEST(Truth, WhatIsWrittenIsReadBack) {
  const test::TempDir folder;
  const Truth truth = sample_truth();
  write_truth(folder / "t.fits", truth);
  const Truth back = read_truth(folder / "t.fits");
  EXPECT_EQ(back.wave, truth.wave);
  EXPECT_EQ(back.flux, truth.flux);
  test::expect_same(*truth.table, *back.table);
}

TEST(Truth, PartsThatDoNotFitTogetherAreNotWritten) {
  const test::TempDir folder;
  Truth truth = sample_truth();
  truth.wave.pop_back();
  expect_error([&] { write_truth(folder / "t.fits", truth); }, ExitCode::output, {"[WAVELENGTH]", "7 wavelengths"});
  truth = sample_truth();
  truth.table = test::sample_table("TRUTH", 4);
  expect_error([&] { write_truth(folder / "t.fits", truth); }, ExitCode::output, {"[TRUTH]", "3 rows"});
  EXPECT_TRUE(folder.names().empty());
}

TEST(Truth, TheGoldenTruthIsRead) {
  const std::string data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "../shared/data is not here";
  const Truth truth = read_truth(data + "/golden/extract/preproc-r0-golden.truth.fits");
  EXPECT_EQ(truth.flux.shape(), (Array2<double>::Shape{25, 2326}));
  EXPECT_EQ(truth.wave.front(), 5760);
  EXPECT_FALSE(truth.table);
}

TEST(ModelImage, WhatIsWrittenIsReadBack) {
  const test::TempDir folder;
  Array2<float> model({5, 3});
  for (std::size_t i = 0; i < model.size(); ++i) model.data()[i] = 0.5f * static_cast<float>(i);
  write_model_image(folder / "m.fits.gz", model, test::sample_header(), test::sample_provenance());
  EXPECT_EQ(read_model_image(folder / "m.fits.gz"), model);
  EXPECT_EQ(folder.names().size(), 1u);
}

}  // namespace
}  // namespace zspex::io
