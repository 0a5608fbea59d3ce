#include "pipeline/comm/gather.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "tests/pipeline/comm/world.hpp"

namespace zspex::comm {
namespace {

/// Part `index` holds index + 1 numbers; part 3 is empty.
std::vector<std::int64_t> content(std::uint64_t index) {
  std::vector<std::int64_t> numbers(index == 3 ? 0 : index + 1);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(100 * index + i);
  return numbers;
}

void expect_gathered(const Communicator& comm, int nparts, int root, const std::function<int(int)>& owner) {
  std::map<std::uint64_t, std::vector<std::int64_t>> held, arrived;
  std::vector<Part> mine;
  for (int index = 0; index < nparts; ++index) {
    if (owner(index) != comm.rank()) continue;
    const auto key = static_cast<std::uint64_t>(index);
    held[key] = content(key);
    mine.push_back({key, std::as_bytes(std::span(held[key]))});
  }
  std::vector<std::uint64_t> order, placed;
  gather(
      comm, mine,
      [&](std::uint64_t index, std::size_t nbytes) {
        order.push_back(index);
        arrived[index].resize(nbytes / sizeof(std::int64_t));
        return std::as_writable_bytes(std::span(arrived[index]));
      },
      [&](std::uint64_t index) { placed.push_back(index); }, root);
  if (comm.rank() != root) {
    EXPECT_TRUE(order.empty());
    return;
  }
  ASSERT_EQ(order.size(), static_cast<std::size_t>(nparts));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order, placed);
  for (std::uint64_t index = 0; index < static_cast<std::uint64_t>(nparts); ++index) {
    EXPECT_EQ(arrived[index], content(index)) << "part " << index;
  }
}

TEST(MpiGather, PartsDealtInTurnArriveInOrder) {
  const auto world = test_world();
  expect_gathered(world, 37, 0, [&](int index) { return index % world.size(); });
}

TEST(MpiGather, SmallAndLargePartsMixedArriveInOrder) {
  // Parcels hold 64 KiB: parts that fill one exactly, that begin the next, and that are larger.
  const auto world = test_world();
  const std::size_t sizes[] = {65536, 1, 65535, 2, 40000, 40000, 0, 200000, 0, 7, 65530, 100};
  std::vector<std::vector<std::byte>> held;
  for (std::size_t i = 0; i < 300; ++i)
    held.emplace_back(sizes[i % std::size(sizes)] + i % 3, static_cast<std::byte>(i % 251));
  std::vector<Part> mine;
  for (std::size_t i = 0; i < held.size(); ++i)
    if (static_cast<int>(i * 7 % 5) % world.size() == world.rank()) mine.push_back({i, held[i]});
  std::vector<std::byte> arrived;
  std::size_t next = 0;
  gather(
      world, mine,
      [&](std::uint64_t, std::size_t nbytes) {
        arrived.assign(nbytes, std::byte{255});
        return std::span(arrived);
      },
      [&](std::uint64_t index) {
        ASSERT_EQ(index, next);
        EXPECT_EQ(arrived, held[next]) << "part " << next;
        ++next;
      });
  EXPECT_EQ(next, world.is_root() ? held.size() : 0);
}

TEST(MpiGather, PartsOfOneRankArriveOnAnother) {
  const auto world = test_world();
  expect_gathered(world, 11, 0, [&](int) { return world.size() - 1; });
  expect_gathered(world, 11, world.size() - 1, [&](int) { return 0; });
}

TEST(MpiGather, NoPartsAreNoTrouble) {
  const auto world = test_world();
  expect_gathered(world, 0, 0, [](int) { return 0; });
}

}  // namespace
}  // namespace zspex::comm
