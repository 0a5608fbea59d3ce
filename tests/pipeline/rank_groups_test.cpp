// Groups of ranks: who belongs together, and how large groups should be.
#include "pipeline/rank_groups.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace zspex::pipeline {
namespace {

/// \param gpus  of each node, on the first of equal parts of its ranks
std::vector<Role> nodes(const std::vector<int>& sizes, int gpus = 0) {
  std::vector<Role> ranks;
  for (std::size_t node = 0; node < sizes.size(); ++node)
    for (int i = 0; i < sizes[node]; ++i) {
      Role role;
      role.node = static_cast<int>(node);
      role.on_gpu = gpus > 0 && i % (sizes[node] / gpus) == 0;
      if (role.on_gpu) role.device = i / (sizes[node] / gpus);
      ranks.push_back(role);
    }
  return ranks;
}

std::vector<RunCost> equal_runs(std::size_t n, const RunCost& cost) { return std::vector<RunCost>(n, cost); }

int count_groups(const std::vector<int>& groups) { return *std::max_element(groups.begin(), groups.end()) + 1; }

TEST(GroupRanks, PartsOfANodeAreAsEqualAsTheyCanBe) {
  EXPECT_EQ(group_ranks(nodes({6}), 2), (std::vector{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(group_ranks(nodes({5}), 2), (std::vector{0, 0, 0, 1, 1}));
  EXPECT_EQ(group_ranks(nodes({3}), 1), (std::vector{0, 1, 2}));
  EXPECT_EQ(group_ranks(nodes({3}), 100), (std::vector{0, 0, 0}));
  EXPECT_EQ(group_ranks(nodes({4, 2}), 2), (std::vector{0, 0, 1, 1, 2, 2}));
}

TEST(GroupRanks, LargerOnesAreWholeNodes) {
  EXPECT_EQ(group_ranks(nodes({2, 2, 2}), 2), (std::vector{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(group_ranks(nodes({2, 2, 2}), 3), (std::vector{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(group_ranks(nodes({2, 2, 2}), 4), (std::vector{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(group_ranks(nodes({2, 2, 2}), 6), (std::vector{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(group_ranks(nodes({4, 2}), 6), (std::vector{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(group_ranks(nodes({4, 2}), 5), (std::vector{0, 0, 0, 0, 1, 1}));
}

TEST(GroupRanks, RanksOfNodesMayBeDealtRound) {
  auto ranks = nodes({2, 2});
  std::swap(ranks[1], ranks[2]);  // nodes 0 1 0 1
  EXPECT_EQ(group_ranks(ranks, 2), (std::vector{0, 1, 0, 1}));
  EXPECT_EQ(group_ranks(ranks, 1), (std::vector{0, 1, 2, 3}));
}

TEST(GroupSize, OneRunIsDoneByAll) {
  EXPECT_EQ(choose_group_size(nodes({64, 64}), equal_runs(1, {100, 0, 1}), {}), 128);
}

TEST(GroupSize, ManyRunsGoToSmallGroupsSinceNobodyWaitsForOneRank) {
  EXPECT_EQ(choose_group_size(nodes({64}), equal_runs(6400, {10, 0, 0.5}), {}), 1);
}

TEST(GroupSize, FewRunsShareTheRanks) {
  // Eight runs on 64 ranks: eight of each at once is as well as it gets.
  EXPECT_EQ(choose_group_size(nodes({64}), equal_runs(8, {40, 0, 0.5}), {}), 8);
  // Nine would leave seven groups of eight with nothing to do.
  EXPECT_NE(choose_group_size(nodes({64}), equal_runs(9, {40, 0, 0.01}), {}), 8);
}

TEST(GroupSize, FewLongRunsOfWhichNobodyKnowsExactlyHowLongAreSharedByAll) {
  EXPECT_EQ(choose_group_size(nodes({2}), equal_runs(6, {19, 2, 0.1}), {}), 2);
  EXPECT_EQ(choose_group_size(nodes({2}), equal_runs(60, {19, 2, 0.1}), {}), 1);
}

TEST(GroupSize, WhatOneRankDoesBesideTheOthersAsksForMoreGroups) {
  // A frame of 13 s, 1.4 s of reading and writing: with more than nine ranks a group would wait for its files.
  const int size = choose_group_size(nodes({64}), equal_runs(1000, {13, 1.4, 0.001}), {});
  EXPECT_LE(size, 10);
}

TEST(GroupSize, MemoryAllowsOnlySoManyAtOnce) {
  const double gibibyte = 1 << 30;
  const auto runs = equal_runs(6400, {10, 0, 0.5, 8 * gibibyte});
  const int size = choose_group_size(nodes({64}), runs, {1, false, 256 * gibibyte});
  EXPECT_EQ(count_groups(group_ranks(nodes({64}), size)), 16);
}

TEST(GroupSize, EachGroupHasItsGpuWhereThatIsWanted) {
  const auto ranks = nodes({64, 64}, 4);
  const int size = choose_group_size(ranks, equal_runs(1000, {40, 0, 0.1}), {15, true, 0});
  const auto groups = group_ranks(ranks, size);
  std::set<int> with_gpu;
  for (std::size_t i = 0; i < ranks.size(); ++i)
    if (ranks[i].on_gpu) with_gpu.insert(groups[i]);
  EXPECT_EQ(static_cast<int>(with_gpu.size()), count_groups(groups));
  EXPECT_EQ(count_groups(groups), 8);
}

TEST(LongestFirst, EqualOnesStayInTheirOrder) {
  EXPECT_EQ(longest_first({{1, 0, 0}, {5, 0, 0}, {1, 0, 0}, {5, 0, 1}}), (std::vector<std::size_t>{3, 1, 0, 2}));
}

std::vector<std::size_t> sizes_of(const Shares& shares) {
  std::vector<std::size_t> sizes;
  for (const auto& runs : shares.runs) sizes.push_back(runs.size());
  return sizes;
}

TEST(DealRuns, NodesHaveWhatTheyCanDo) {
  const auto ranks = nodes({4, 2});
  const Shares shares = deal_runs(ranks, group_ranks(ranks, 1), equal_runs(60, {1, 0, 0}), 1);
  EXPECT_EQ(shares.of_group, (std::vector{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(sizes_of(shares), (std::vector<std::size_t>{40, 20}));
  const auto with_gpu = nodes({4, 4}, 1);
  auto one_gpu = with_gpu;
  one_gpu[4].on_gpu = false;
  EXPECT_EQ(sizes_of(deal_runs(one_gpu, group_ranks(one_gpu, 4), equal_runs(22, {1, 0, 0}), 4)),
            (std::vector<std::size_t>{14, 8}));
}

TEST(DealRuns, EachRunOnceTheLongestFirst) {
  const auto ranks = nodes({2, 2, 2});
  std::vector<RunCost> runs;
  for (int i = 0; i < 100; ++i) runs.push_back({static_cast<double>(1 + i * 37 % 50), 0, 0.5, 0});
  const Shares shares = deal_runs(ranks, group_ranks(ranks, 2), runs, 1);
  std::vector<std::size_t> all;
  std::vector<double> seconds;
  for (const auto& share : shares.runs) {
    EXPECT_TRUE(std::is_sorted(share.begin(), share.end(),
                               [&](std::size_t a, std::size_t b) { return runs[a].work > runs[b].work; }));
    all.insert(all.end(), share.begin(), share.end());
    seconds.push_back(0);
    for (const std::size_t run : share) seconds.back() += runs[run].work;
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), runs.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i);
  EXPECT_LT(*std::max_element(seconds.begin(), seconds.end()) - *std::min_element(seconds.begin(), seconds.end()), 50);
}

TEST(DealRuns, AGroupOfSeveralNodesHasItsOwn) {
  const auto ranks = nodes({2, 2, 2, 2});
  const Shares shares = deal_runs(ranks, group_ranks(ranks, 4), equal_runs(10, {1, 0, 0}), 1);
  EXPECT_EQ(shares.of_group, (std::vector{0, 1}));
  EXPECT_EQ(sizes_of(shares), (std::vector<std::size_t>{5, 5}));
}

TEST(RolesOfGroup, HaveTheirPartOfANode) {
  Roles all;
  all.ranks = nodes({8, 8}, 2);
  all.nnode = 2;
  all.gpus = 2;
  const Roles half = roles_of_group(all, {12, 13, 14, 15});
  EXPECT_EQ(half.nnode, 1);
  EXPECT_EQ(half.ranks[0].node, 0);
  EXPECT_TRUE(half.ranks[0].on_gpu);
  EXPECT_EQ(half.ranks[0].device, 1);
  EXPECT_EQ(half.gpus, 1);
  EXPECT_DOUBLE_EQ(half.gpu_share, 1);
  EXPECT_DOUBLE_EQ(half.node_share, 0.5);
}

TEST(RolesOfGroup, RanksThatShareAGpuHaveTheirPartOfIt) {
  Roles all;
  all.ranks = nodes({8});
  for (Role& role : all.ranks) {
    role.on_gpu = true;
    role.ranks_per_gpu = 8;
  }
  const Roles two = roles_of_group(all, {0, 1});
  EXPECT_EQ(two.gpus, 1);
  EXPECT_DOUBLE_EQ(two.gpu_share, 0.25);
}

}  // namespace
}  // namespace zspex::pipeline
