#include "pipeline/comm/node_shared.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/pipeline/comm/world.hpp"

namespace zspex::comm {
namespace {

TEST(MpiNodeShared, WhatOneRankWritesAllRead) {
  const auto node = test_world().split_by_node();
  NodeShared<float> shared(node, 1009);
  for (int writer = 0; writer < node.size(); ++writer) {
    node.barrier();
    if (node.rank() == writer) {
      const auto values = shared.values();
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(i * 3 + static_cast<std::size_t>(writer));
    }
    shared.publish(node);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < shared.size(); ++i) {
      wrong += shared.values()[i] != static_cast<float>(i * 3 + static_cast<std::size_t>(writer));
    }
    EXPECT_EQ(wrong, 0u) << "writer " << writer;
  }
}

TEST(MpiNodeShared, NothingToShareIsAllowed) {
  const auto node = test_world().split_by_node();
  const NodeShared<double> shared(node, 0);
  EXPECT_EQ(shared.size(), 0u);
}

TEST(MpiWorkCounter, EachItemIsGivenOutOnceEachRound) {
  const auto node = test_world().split_by_node();
  WorkCounter counter(node);
  for (const std::uint64_t n : {1000u, 3u, 0u, 501u}) {
    counter.restart(node, n);
    std::vector<std::uint64_t> mine;
    while (const auto item = counter.take()) mine.push_back(*item);
    std::vector<int> seen(n, 0);
    for (const auto& list : all_gather_lists(node, mine)) {
      for (const auto item : list) {
        ASSERT_LT(item, n);
        ++seen[item];
      }
    }
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(seen[i], 1) << "item " << i << " of " << n;
    EXPECT_EQ(counter.taken(), n);
  }
}

TEST(MpiWorkCounter, NothingIsGivenOutAfterStop) {
  const auto node = test_world().split_by_node();
  WorkCounter counter(node);
  counter.restart(node, 1u << 20);
  if (node.rank() == node.size() - 1) counter.stop();
  node.barrier();
  EXPECT_FALSE(counter.take());
}

}  // namespace
}  // namespace zspex::comm
