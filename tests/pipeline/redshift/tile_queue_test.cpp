#include "pipeline/redshift/tile_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "pipeline/comm/gather.hpp"
#include "tests/pipeline/comm/world.hpp"

namespace zspex::pipeline {
namespace {

using comm::test_world;

constexpr int npart = 3, ngroup = 5;

std::vector<Tile> equal_tiles(int n) {
  std::vector<Tile> tiles;
  for (int i = 0; i < n; ++i) tiles.push_back({0, 4 * i, 4, 1.0});
  return tiles;
}

/// Tiles that are shared, as memory that a node's ranks rebin and fit from: says which tile's parts a slot has.
class Slots {
 public:
  Slots(const comm::Communicator& node, int nslot)
      : values_(node, static_cast<std::size_t>(nslot) * npart), none_(~std::uint64_t{0}) {
    if (node.is_root()) std::fill(values_.values().begin(), values_.values().end(), none_);
    values_.publish(node);
  }
  void rebin(const WorkItem& item) { of(item, item.part).store(static_cast<std::uint64_t>(item.tile)); }
  bool has(const WorkItem& item) const {
    for (int part = 0; part < npart; ++part)
      if (of(item, part).load() != static_cast<std::uint64_t>(item.tile)) return false;
    return true;
  }

 private:
  std::atomic_ref<std::uint64_t> of(const WorkItem& item, int part) const {
    return std::atomic_ref<std::uint64_t>(values_.values()[static_cast<std::size_t>(item.slot * npart + part)]);
  }
  comm::NodeShared<std::uint64_t> values_;
  std::uint64_t none_;
};

/// Fits that this rank made: tile times ngroup plus group.
using Fits = std::vector<std::uint64_t>;

void take_items(TileQueue& queue, Slots& slots, Fits& fits, double rate) {
  while (const auto item = queue.take_item()) {
    if (item->kind == WorkItem::Kind::rebin) {
      slots.rebin(*item);
    } else {
      // All parts are there when a group is fitted, and nobody overwrites them before it is done.
      EXPECT_TRUE(slots.has(*item));
      std::this_thread::yield();
      EXPECT_TRUE(slots.has(*item));
      fits.push_back(static_cast<std::uint64_t>(item->tile * ngroup + item->part));
      queue.set_rate(rate, false);
    }
    queue.finish(*item);
  }
}

void take_tiles(TileQueue& queue, Fits& fits, double rate) {
  while (const auto tile = queue.take_whole()) {
    for (int group = 0; group < ngroup; ++group) fits.push_back(static_cast<std::uint64_t>(*tile * ngroup + group));
    queue.set_rate(rate, true);
  }
  queue.set_rate(0, false);
}

/// Each group of targets is fitted to each tile by one rank, whatever the ranks' rates. Collective.
void expect_all_once(int ntile, int nslot, bool with_gpu, const std::vector<double>& rates) {
  const auto node = test_world().split_by_node();
  TileQueue queue(node, equal_tiles(ntile), npart, ngroup, nslot);
  Slots slots(node, nslot);
  Fits fits;
  const bool on_gpu = with_gpu && node.is_root();
  const double rate = rates[static_cast<std::size_t>(node.rank()) % rates.size()];
  do {
    if (on_gpu) take_tiles(queue, fits, rate);
    take_items(queue, slots, fits, rate);
  } while (on_gpu && queue.tiles_left());
  node.barrier();
  EXPECT_FALSE(queue.tiles_left());
  EXPECT_EQ(queue.redshifts_taken(), 4u * static_cast<unsigned>(ntile));
  std::vector<int> seen(static_cast<std::size_t>(ntile * ngroup), 0);
  for (const auto& list : all_gather_lists(node, fits))
    for (const auto item : list) ++seen.at(item);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), ntile * ngroup);
}

TEST(MpiTileQueue, CpuRanksShareTilesAndFitEachGroupOnce) {
  for (const int nslot : {1, 2, 3})
    for (const int ntile : {0, 1, 2, 40}) expect_all_once(ntile, nslot, false, {1});
}

TEST(MpiTileQueue, AGpuRankAndCpuRanksDoAllWhateverTheirRates) {
  for (const auto& rates : std::vector<std::vector<double>>{{1}, {1000, 1}, {1, 1000}, {1, 1000, 1e-3}})
    for (const int ntile : {1, 2, 40}) {
      SCOPED_TRACE(testing::PrintToString(rates) + ", tiles " + std::to_string(ntile));
      expect_all_once(ntile, 2, true, rates);
    }
}

TEST(MpiTileQueue, TheFasterSideTakesTheLastTiles) {
  const auto node = test_world().split_by_node();
  if (node.size() < 2) GTEST_SKIP() << "needs two ranks";
  for (const bool fast_gpu : {true, false}) {
    TileQueue queue(node, equal_tiles(10), npart, ngroup, 2);
    // A hundred times as fast as all others: these would still be with a tile of theirs when the fast side is done with all.
    const bool on_gpu = node.is_root();
    queue.set_rate(on_gpu == fast_gpu ? 100 : 0.01, on_gpu);
    node.barrier();
    if (!on_gpu && fast_gpu) {
      EXPECT_FALSE(queue.take_item());
    }
    if (on_gpu && !fast_gpu) {
      EXPECT_FALSE(queue.take_whole());
    }
    node.barrier();
    EXPECT_TRUE(queue.tiles_left());
    node.barrier();
    if (on_gpu && fast_gpu) {
      int ntaken = 0;
      while (queue.take_whole()) ++ntaken;
      EXPECT_EQ(ntaken, 10);
    }
    node.barrier();
    EXPECT_EQ(queue.tiles_left(), !fast_gpu);
  }
}

TEST(MpiTileQueue, AFailureEndsAllWaiting) {
  const auto node = test_world().split_by_node();
  TileQueue queue(node, equal_tiles(100), npart, ngroup, 2);
  // The root takes a part that it never finishes, and fails; the others wait for it at their first fit, or find no slot free.
  if (node.is_root()) {
    ASSERT_TRUE(queue.take_item());
    node.barrier();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    queue.fail();
  } else {
    node.barrier();
    while (const auto item = queue.take_item()) queue.finish(*item);
  }
  node.barrier();
  EXPECT_FALSE(queue.tiles_left());
  EXPECT_FALSE(queue.take_whole());
  EXPECT_FALSE(queue.take_item());
}

}  // namespace
}  // namespace zspex::pipeline
