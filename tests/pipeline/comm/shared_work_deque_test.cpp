#include "pipeline/comm/shared_work_deque.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "pipeline/comm/gather.hpp"
#include "tests/pipeline/comm/world.hpp"

namespace zspex::comm {
namespace {

TEST(MpiSharedWorkDeque, FrontAndBackMeetAndEachItemIsTakenOnce) {
  const auto node = test_world().split_by_node();
  for (const std::uint32_t n : {0u, 1u, 2u, 1000u}) {
    SharedWorkDeque ends(node, n);
    const bool front = node.rank() % 2 == 0;
    const std::uint32_t most = 1 + static_cast<std::uint32_t>(node.rank());
    std::vector<std::uint32_t> mine;
    std::uint32_t last = front ? 0 : n;
    while (const auto range = front ? ends.take_front(most) : ends.take_back(most)) {
      ASSERT_GE(range->n, 1u);
      ASSERT_LE(range->n, most);
      // From the front on they rise, from the back on they fall.
      ASSERT_TRUE(front ? range->first >= last : range->first + range->n <= last);
      last = front ? range->first + range->n : range->first;
      for (std::uint32_t i = 0; i < range->n; ++i) mine.push_back(range->first + i);
    }
    std::vector<int> seen(n, 0);
    for (const auto& list : all_gather_lists(node, mine))
      for (const auto item : list) ++seen.at(item);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), n);
    EXPECT_EQ(ends.left().n, 0u);
  }
}

TEST(MpiSharedWorkDeque, WhatIsLeftLiesBetweenTheEnds) {
  const auto node = test_world().split_by_node();
  SharedWorkDeque ends(node, 10);
  if (node.is_root()) {
    ends.take_front(3);
    ends.take_back(2);
  }
  node.barrier();
  EXPECT_EQ(ends.left().first, 3u);
  EXPECT_EQ(ends.left().n, 5u);
  node.barrier();
  ends.stop();
  EXPECT_FALSE(ends.take_front());
  EXPECT_FALSE(ends.take_back());
}

}  // namespace
}  // namespace zspex::comm
