#include "pipeline/comm/gather.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
