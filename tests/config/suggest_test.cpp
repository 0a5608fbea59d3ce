#include "config/suggest.hpp"

#include <gtest/gtest.h>

namespace zspex::config {
namespace {

TEST(Suggest, DistanceCountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("nspec", "nspec"), 0u);
  EXPECT_EQ(edit_distance("nspc", "nspec"), 1u);
  EXPECT_EQ(edit_distance("nsspec", "nspec"), 1u);
  EXPECT_EQ(edit_distance("nspek", "nspec"), 1u);
  EXPECT_EQ(edit_distance("npsec", "nspec"), 1u);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, NearestIgnoresCaseAndDashes) {
  const std::vector<std::string> keys = {"wavepad", "wavepad_frac", "pixpad_frac"};
  EXPECT_EQ(nearest("WavePad", keys), "wavepad");
  EXPECT_EQ(nearest("pixpad-frac", keys), "pixpad_frac");
  EXPECT_EQ(nearest("wavepad_frc", keys), "wavepad_frac");
  EXPECT_EQ(nearest("wvaepad", keys), "wavepad");
}

TEST(Suggest, NothingIsNearToAnotherWord) {
  EXPECT_EQ(nearest("temperature", {"nspec", "specmin"}), "");
  EXPECT_EQ(nearest("xy", {"ab"}), "");  // two of two letters wrong
  EXPECT_EQ(nearest(std::string(100000, 'n'), {"nspec"}), "");
  EXPECT_EQ(suggest("temperature", {"nspec", "specmin"}), "valid are nspec, specmin");
  EXPECT_EQ(suggest("nspek", {"nspec", "specmin"}), "did you mean nspec?");
}

}  // namespace
}  // namespace zspex::config
