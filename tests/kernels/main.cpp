// Tests of the kernels, on the execution space that Kokkos was built for. Invalid floating-point operations trap (where
// glibc can), so that the line that makes a NaN is the line that fails; tests of NaN input say so with AllowInvalid.
#include <gtest/gtest.h>

#include "kernels/base/session.hpp"
#include "tests/kernels/support/invalid.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const zspex::kernels::KokkosSession kokkos(zspex::kernels::Place::device, -1, true);
  const zspex::test::TrapInvalid trap;
  return RUN_ALL_TESTS();
}
