// Tests of the kernels, on the execution space that Kokkos was built for. Invalid floating-point operations trap (where
// glibc can), so that the line that makes a NaN is the line that fails; tests of NaN input say so with AllowInvalid. Not in
// a program for a GPU, whose driver may do such things by itself.
#include <gtest/gtest.h>

#include <optional>

#include "kernels/base/session.hpp"
#include "tests/kernels/support/invalid.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();  // asked by the build, also where there is no GPU
  const zspex::kernels::KokkosSession kokkos(zspex::kernels::BackendKind::device, -1, true);
  std::optional<zspex::test::TrapInvalid> trap;
  if (!zspex::kernels::needs_device()) trap.emplace();
  return RUN_ALL_TESTS();
}
