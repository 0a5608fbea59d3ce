#include "pipeline/comm/agree.hpp"

#include <gtest/gtest.h>

#include <new>

#include "tests/pipeline/comm/world.hpp"

namespace zspex::comm {

struct Letter {
  int number = 0;
  std::string text;
  std::vector<double> values;
  std::vector<std::string> names;
  std::optional<double> maybe;
};
template <class Archive>
void fields(Archive& archive, Letter& letter) {
  archive(letter.number, letter.text, letter.values, letter.names, letter.maybe);
}

namespace {

template <class Function>
std::optional<Failure> failure_of(Function&& fn) {
  try {
    fn();
  } catch (const AgreedError& error) {
    return Failure{error.code(), error.what(), true};
  }
  return std::nullopt;
}

TEST(MpiAgree, AllGoOnWhenNobodyFails) {
  const auto world = test_world();
  int ran = 0;
  EXPECT_FALSE(failure_of([&] { agree(world, "count", [&] { ++ran; }); }));
  EXPECT_EQ(ran, 1);
}

TEST(MpiAgree, WantOfMemoryIsKnownByTheWordsOfEachKokkos) {
  for (const char* words :
       {"Kokkos failed to allocate memory for label \"zspex::redshift::slice\".  Allocation using MemorySpace named",
        "Kokkos ERROR: Cuda memory space failed to allocate 1.0 GiB (label=\"zspex::redshift::slice\")."})
    EXPECT_EQ(describe(std::make_exception_ptr(std::runtime_error(words))).code, ExitCode::memory) << words;
  EXPECT_EQ(describe(std::make_exception_ptr(std::runtime_error("no such thing"))).code, ExitCode::internal);
}

TEST(MpiAgree, OneRanksFailureIsThrownOnAllWithItsCodeMessageAndRank) {
  const auto world = test_world();
  for (int culprit = 0; culprit < world.size(); ++culprit) {
    const auto failure = failure_of([&] {
      agree(world, "extract bundles", [&] {
        if (world.rank() == culprit) throw NumericsError("solve", "patch 12 is singular");
      });
    });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, ExitCode::numerics);
    EXPECT_NE(failure->message.find("extract bundles"), std::string::npos) << failure->message;
    EXPECT_NE(failure->message.find("patch 12 is singular"), std::string::npos) << failure->message;
    if (world.size() > 1) {
      EXPECT_NE(failure->message.find("rank " + std::to_string(culprit)), std::string::npos) << failure->message;
    }
  }
}

TEST(MpiAgree, TheLowestOfSeveralFailedRanksIsQuoted) {
  const auto world = test_world();
  const auto failure = failure_of([&] {
    agree(world, "work", [&] {
      if (world.rank() > 0 || world.size() == 1) throw Error(ExitCode::input, "I am " + std::to_string(world.rank()));
    });
  });
  ASSERT_TRUE(failure);
  const std::string lowest = world.size() == 1 ? "I am 0" : "I am 1";
  EXPECT_NE(failure->message.find(lowest), std::string::npos) << failure->message;
}

TEST(MpiAgree, OutOfMemoryIsNoDefectAndStrangersAre) {
  const auto world = test_world();
  const int last = world.size() - 1;
  auto failure = failure_of([&] {
    agree(world, "fill", [&] {
      if (world.rank() == last) throw std::bad_alloc();
    });
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code, ExitCode::memory);
  EXPECT_NE(failure->message.find("out of memory"), std::string::npos) << failure->message;
  failure = failure_of([&] {
    agree(world, "fill", [&] {
      if (world.rank() == last) throw 42;
    });
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code, ExitCode::internal);
}

TEST(MpiAgree, AFailureAgreedInAGroupKeepsItsWordsForAll) {
  const auto world = test_world();
  const auto group = world.split(world.rank() % 2);
  const auto failure = failure_of([&] {
    agree(world, "frames", [&] {
      agree(group, "bundles", [&] {
        if (world.rank() == world.size() - 1) throw Error(ExitCode::input, "no light");
      });
    });
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message.rfind("bundles", 0), 0u) << failure->message;
  EXPECT_NE(failure->message.find("no light"), std::string::npos) << failure->message;
}

TEST(MpiShare, AllRanksGetEveryFieldOfTheReadersValue) {
  const auto world = test_world();
  for (int reader = 0; reader < world.size(); ++reader) {
    int made = 0;
    const auto letter = share(
        world,
        [&] {
          ++made;
          return Letter{reader + 5, "caf\xc3\xa9", {1.5, -2e300, 1e-12}, {"a", "", "ccc"}, 0.25};
        },
        reader);
    EXPECT_EQ(made, world.rank() == reader ? 1 : 0);
    EXPECT_EQ(letter.number, reader + 5);
    EXPECT_EQ(letter.text, "caf\xc3\xa9");
    EXPECT_EQ(letter.values, (std::vector<double>{1.5, -2e300, 1e-12}));
    EXPECT_EQ(letter.names, (std::vector<std::string>{"a", "", "ccc"}));
    ASSERT_TRUE(letter.maybe);
    EXPECT_EQ(*letter.maybe, 0.25);
  }
}

TEST(MpiShare, TheReadersErrorReachesAllInItsOwnWords) {
  const auto world = test_world();
  const int reader = world.size() - 1;
  const auto failure = failure_of([&] {
    (void)share(
        world, []() -> Letter { throw FileError("psf.fits", "XTRACE", "expected 500 rows, found 475."); }, reader);
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code, ExitCode::input);
  EXPECT_EQ(failure->message, "psf.fits[XTRACE]: expected 500 rows, found 475.");
}

TEST(Bytes, ATruncatedMessageIsRefused) {
  auto bytes = to_bytes(Letter{1, "text", {1, 2, 3}, {"x"}, std::nullopt});
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::vector<std::byte> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THROW(from_bytes<Letter>(part), CommError) << length << " of " << bytes.size() << " bytes";
  }
}

}  // namespace
}  // namespace zspex::comm
