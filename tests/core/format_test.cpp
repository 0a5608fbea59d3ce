#include "core/format.hpp"

#include <gtest/gtest.h>

namespace zspex {
namespace {

TEST(Format, DurationsAreWhatPeopleSay) {
  EXPECT_EQ(format_duration(0.0421), "42 ms");
  EXPECT_EQ(format_duration(0.9999), "1.0 s");
  EXPECT_EQ(format_duration(9.96), "10 s");
  EXPECT_EQ(format_duration(59.7), "1 min 00 s");
  EXPECT_EQ(format_duration(185), "3 min 05 s");
  EXPECT_EQ(format_duration(3599.7), "1 h 00 min");
  EXPECT_EQ(format_duration(7620), "2 h 07 min");
  EXPECT_EQ(format_duration(-1), "?");
}

TEST(Format, BytesAreWhatPeopleSay) {
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes(23808960), "23 MiB");
  EXPECT_EQ(format_bytes(1073700000), "1.0 GiB");
}

TEST(Format, WidthCountsCharactersAndNotBytes) {
  EXPECT_EQ(display_width("⣿⡇ Å"), 4u);
  EXPECT_EQ(padded("Å", 3), "Å  ");
  EXPECT_EQ(padded("Å", -3), "  Å");
}

}  // namespace
}  // namespace zspex
