/// \file
/// A row of items that the ranks of a node take from both ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "pipeline/comm/node_shared.hpp"

namespace zspex::comm {

/// Items 0, 1, ... n - 1. Some ranks take from the front and others from the back, until they meet. No rank waits.
class SharedWorkDeque {
 public:
  struct Range {
    std::uint32_t first = 0, n = 0;
  };

  /// Collective over the node. \param n  items, at most 2^32 - 1
  SharedWorkDeque(const Communicator& node, std::uint32_t n) : shared_(node, 1) {
    if (node.is_root()) ends().store(pack(0, n));
    shared_.publish(node);
  }

  /// Up to `most` items; nothing when none is left.
  std::optional<Range> take_front(std::uint32_t most = 1) {
    return take(most, [](Range left, std::uint32_t n) {
      return Taken{{left.first, n}, pack(left.first + n, left.first + left.n)};
    });
  }
  std::optional<Range> take_back(std::uint32_t most = 1) {
    return take(most, [](Range left, std::uint32_t n) {
      return Taken{{left.first + left.n - n, n}, pack(left.first, left.first + left.n - n)};
    });
  }
  /// What nobody has taken.
  Range left() const { return unpack(ends().load()); }
  /// Gives out no more: a rank has failed and the others need not go on.
  void stop() { ends().store(pack(0, 0)); }

 private:
  using Atomic = std::atomic_ref<std::uint64_t>;
  static_assert(Atomic::is_always_lock_free);
  struct Taken {
    Range range;
    std::uint64_t rest;
  };

  Atomic ends() const { return Atomic(shared_.values()[0]); }
  static std::uint64_t pack(std::uint32_t begin, std::uint32_t end) { return std::uint64_t{end} << 32 | begin; }
  static Range unpack(std::uint64_t ends) {
    const auto begin = static_cast<std::uint32_t>(ends), end = static_cast<std::uint32_t>(ends >> 32);
    return {begin, end - begin};
  }
  template <class Cut>
  std::optional<Range> take(std::uint32_t most, const Cut& cut) {
    std::uint64_t now = ends().load();
    for (;;) {
      const Range left = unpack(now);
      if (left.n == 0) return std::nullopt;
      const Taken taken = cut(left, left.n < most ? left.n : most);
      if (ends().compare_exchange_weak(now, taken.rest)) return taken.range;
    }
  }

  NodeShared<std::uint64_t> shared_;
};

}  // namespace zspex::comm
