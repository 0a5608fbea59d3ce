#include "pipeline/comm/paced_counter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/pipeline/comm/world.hpp"

namespace zspex::comm {
namespace {

TEST(MpiSharedRates, EachSeesTheRatesOfAll) {
  const auto node = test_world().split_by_node();
  const SharedRates rates(node);
  EXPECT_EQ(rates.sum(), 0);
  node.barrier();
  rates.set(1.5 + node.rank());
  node.barrier();
  double sum = 0;
  for (int rank = 0; rank < node.size(); ++rank) {
    EXPECT_EQ(rates.of(rank), 1.5 + rank);
    sum += 1.5 + rank;
  }
  EXPECT_EQ(rates.mine(), 1.5 + node.rank());
  EXPECT_NEAR(rates.sum(), sum, 1e-12);
  EXPECT_NEAR(rates.sum_of_others(), sum - 1.5 - node.rank(), 1e-12);
}

/// Takes all that this rank is given; says of each item that it took so long.
std::vector<std::uint64_t> take_all(PacedCounter& counter, double seconds) {
  std::vector<std::uint64_t> mine;
  while (const auto item = counter.take()) {
    mine.push_back(*item);
    counter.finish(seconds);
  }
  return mine;
}

/// That each of n items was given to one rank. Collective.
void expect_each_once(const Communicator& node, const std::vector<std::uint64_t>& mine, std::size_t n) {
  std::vector<int> seen(n, 0);
  for (const auto& list : all_gather_lists(node, mine))
    for (const auto item : list) {
      ASSERT_LT(item, n);
      ++seen[item];
    }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(n));
}

TEST(MpiPacedCounter, EachItemIsGivenOutOnceWhateverTheRates) {
  const auto node = test_world().split_by_node();
  PacedCounter counter(node, node.rank() == 0 ? 20 : 1);
  for (const std::uint64_t n : {1u, 0u, 7u, 500u}) {
    for (const double pace : {1.0, 1e-3, 1e3}) {
      counter.restart(node, n);
      // Every other rank changes its pace against what was seen before.
      expect_each_once(node, take_all(counter, node.rank() % 2 ? pace : 1), n);
      EXPECT_EQ(counter.taken(), n);
    }
  }
}

TEST(MpiPacedCounter, ASlowRankLeavesTheLastItemsToTheFastOne) {
  const auto node = test_world().split_by_node();
  if (node.size() < 2) GTEST_SKIP() << "needs two ranks";
  PacedCounter counter(node, 1);
  counter.restart(node, 2 * static_cast<std::uint64_t>(node.size()));
  // All do one item, and are seen to be as fast as they are: the first rank a hundred times.
  ASSERT_TRUE(counter.take());
  counter.finish(node.rank() == 0 ? 0.01 : 1);
  node.barrier();
  // As many items as ranks are left. The fast one would do them all while another does one.
  const bool slow = node.rank() != 0;
  std::size_t ntaken = 0;
  if (slow) ntaken = take_all(counter, 1).size();
  node.barrier();
  if (!slow) ntaken = take_all(counter, 0.01).size();
  EXPECT_EQ(ntaken, slow ? 0u : static_cast<std::size_t>(node.size()));
}

TEST(MpiPacedCounter, CapacitiesStandForRatesThatNobodyHasSeen) {
  const auto node = test_world().split_by_node();
  if (node.size() < 2) GTEST_SKIP() << "needs two ranks";
  PacedCounter counter(node, node.rank() == 0 ? 50 : 1);
  counter.restart(node, 3);
  const bool slow = node.rank() != 0;
  std::size_t ntaken = 0;
  if (slow) ntaken = take_all(counter, 1).size();  // all three take the fast one less time than one takes this rank
  node.barrier();
  if (!slow) ntaken = take_all(counter, 1).size();
  EXPECT_EQ(ntaken, slow ? 0u : 3u);
}

TEST(MpiPacedCounter, EqualRanksLeaveNothingToOthers) {
  const auto node = test_world().split_by_node();
  PacedCounter counter(node, 1);
  counter.restart(node, 2 * static_cast<std::uint64_t>(node.size()));
  ASSERT_TRUE(counter.take());
  counter.finish(1.0 + 0.01 * node.rank());
  node.barrier();
  EXPECT_TRUE(counter.take());
  node.barrier();
  EXPECT_FALSE(counter.take());
}

TEST(MpiPacedCounter, NothingIsGivenOutAfterStop) {
  const auto node = test_world().split_by_node();
  PacedCounter counter(node, 1);
  counter.restart(node, 1000);
  if (node.is_root()) counter.stop();
  node.barrier();
  EXPECT_FALSE(counter.take());
}

}  // namespace
}  // namespace zspex::comm
