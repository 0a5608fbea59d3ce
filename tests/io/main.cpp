// Invalid floating-point operations trap, so that the line that makes a NaN is the line that fails.
#include <gtest/gtest.h>

#include <cfenv>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  feenableexcept(FE_INVALID | FE_DIVBYZERO);
  return RUN_ALL_TESTS();
}
