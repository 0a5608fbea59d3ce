#include "kernels/redshift/detail/for_all.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace zspex::kernels::detail {
namespace {

TEST(ForAll, CallsEachOnce) {
  std::vector<int> calls(1000, 0);
  for_all("zspex::test", calls.size(), [&](std::size_t i) { ++calls[i]; });
  EXPECT_EQ(calls, std::vector<int>(1000, 1));
}

TEST(ForAll, HandsOnWhatIsThrown) {
  EXPECT_THROW(for_all("zspex::test", 100,
                       [](std::size_t i) {
                         if (i == 7) throw std::out_of_range("7");
                       }),
               std::out_of_range);
}

}  // namespace
}  // namespace zspex::kernels::detail
