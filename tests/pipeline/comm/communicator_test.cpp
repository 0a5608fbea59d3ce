#include "pipeline/comm/communicator.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/pipeline/comm/world.hpp"

namespace zspex::comm {
namespace {

TEST(MpiCommunicator, MovesAndLeavesNothingBehind) {
  auto first = test_world();
  const int size = first.size();
  auto second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_EQ(second.size(), size);
}

TEST(MpiCommunicator, SplitKeepsTheOrderOfRanks) {
  const auto world = test_world();
  const int color = world.rank() % 2;
  const auto half = world.split(color);
  EXPECT_EQ(half.size(), (world.size() + 1 - color) / 2);
  EXPECT_EQ(half.rank(), world.rank() / 2);
}

TEST(MpiCommunicator, NegativeColorMeansNoCommunicator) {
  const auto world = test_world();
  const auto others = world.split(world.is_root() ? -1 : 0);
  EXPECT_EQ(static_cast<bool>(others), !world.is_root());
}

TEST(MpiCommunicator, ErrorsNameTheOperation) {
  const auto world = test_world();
  int value = 0;
  try {
    check("MPI_Bcast", MPI_Bcast(&value, 1, MPI_INT, world.size() + 5, world.raw()));  // no such root
    FAIL() << "a broadcast from a rank that does not exist went well";
  } catch (const CommError& error) {
    EXPECT_EQ(error.code(), ExitCode::parallel);
    EXPECT_EQ(std::string(error.what()).rfind("MPI_Bcast: ", 0), 0u) << error.what();
  }
}

TEST(MpiCommunicator, AllGatherIsInRankOrder) {
  const auto world = test_world();
  const auto all = all_gather(world, rank_value(world.rank()));
  ASSERT_EQ(all.size(), static_cast<std::size_t>(world.size()));
  for (int rank = 0; rank < world.size(); ++rank) EXPECT_EQ(all[static_cast<std::size_t>(rank)], rank_value(rank));
}

TEST(MpiCommunicator, ListsOfAnyLengthAreGathered) {
  const auto world = test_world();
  std::vector<double> mine(static_cast<std::size_t>(world.rank()));  // rank 0 has none
  std::iota(mine.begin(), mine.end(), 0.5);
  const auto lists = all_gather_lists(world, mine);
  for (int rank = 0; rank < world.size(); ++rank) {
    const auto& list = lists[static_cast<std::size_t>(rank)];
    ASSERT_EQ(list.size(), static_cast<std::size_t>(rank));
    for (std::size_t i = 0; i < list.size(); ++i) EXPECT_EQ(list[i], 0.5 + static_cast<double>(i));
  }
}

TEST(MpiCommunicator, MessagesLongerThanOnePieceArriveWhole) {
  // Two pieces: 2^30 bytes and a rest. Only in the run with two ranks: it takes seconds, and 1 GiB per rank.
  const auto world = test_world();
  if (world.size() != 2) return;
  const std::size_t nbytes = (std::size_t{1} << 30) + 12345;
  std::vector<std::byte> bytes(nbytes);
  const auto pattern = [](std::size_t i) { return static_cast<std::byte>((i * 2654435761u) >> 24); };
  if (world.is_root()) {
    for (std::size_t i = 0; i < nbytes; ++i) bytes[i] = pattern(i);
    send(world, bytes, 1, 3);
  } else {
    receive(world, bytes, 0, 3);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < nbytes; ++i) wrong += bytes[i] != pattern(i);
    EXPECT_EQ(wrong, 0u);
  }
}

}  // namespace
}  // namespace zspex::comm
