// What needs all ranks is done while an exception passes only if all have it.
#include "pipeline/comm/unwinding.hpp"

#include <gtest/gtest.h>

#include "pipeline/comm/agree.hpp"
#include "tests/pipeline/comm/world.hpp"

namespace zspex::comm {
namespace {

struct Look {
  bool& alone;
  ~Look() { alone = unwinds_alone(); }
};

template <class Error>
bool alone_while(const Error& error) {
  bool alone = false;
  try {
    const Look look{alone};
    throw error;
  } catch (const Error&) {
  }
  return alone;
}

TEST(Unwinding, IsAloneButForWhatAllRanksThrow) {
  EXPECT_TRUE(alone_while(FileError("x.fits", "", "expected it, found nothing")));
  EXPECT_FALSE(alone_while(AgreedError(ExitCode::input, "on all")));
  EXPECT_TRUE(alone_while(FileError("x.fits", "", "after one that all threw")));
  bool alone = true;
  { const Look look{alone}; }
  EXPECT_FALSE(alone) << "nothing is thrown";
}

TEST(MpiUnwinding, AFailureOfAllFreesWhatTheyMade) {
  const auto world = test_world();
  // More than MPICH has contexts, and more shared memory than containers have.
  for (int i = 0; i < 3000; ++i) {
    try {
      const Communicator copy = world.duplicate();
      agree(world, "", [&] {
        if (world.rank() == world.size() - 1) throw FileError("x.fits", "", "expected it, found nothing");
      });
      FAIL() << "not thrown";
    } catch (const AgreedError& error) {
      EXPECT_EQ(error.code(), ExitCode::input);
    }
  }
}

}  // namespace
}  // namespace zspex::comm
