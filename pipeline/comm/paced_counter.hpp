/// \file
/// Work that is dealt to ranks which are not equally fast.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "pipeline/comm/node_shared.hpp"

namespace zspex::comm {

/// How fast each rank of a node is, seen by all of them.
class SharedRates {
 public:
  /// All 0. Collective over the node.
  explicit SharedRates(const Communicator& node);

  int size() const { return static_cast<int>(shared_.size()); }
  double of(int rank) const;
  double mine() const { return of(rank_); }
  /// This rank's. 0: it takes no more part
  void set(double rate) const;
  double sum() const;
  double sum_of_others() const;

 private:
  using Atomic = std::atomic_ref<std::uint64_t>;  // bits of a double
  Atomic bits(int rank) const { return Atomic(shared_.values()[static_cast<std::size_t>(rank)]); }

  int rank_;
  NodeShared<std::uint64_t> shared_;
};

/// Deals the items 0, 1, ... to the ranks of a node, one at a time, to whoever asks first: but none to a rank which the
/// others would not need by the time it is done. No rank waits for another.
class PacedCounter {
 public:
  /// Collective over the node.
  /// \param capacity  of this rank, against the others', as long as nobody knows better; above 0
  PacedCounter(const Communicator& node, double capacity);

  /// Starts again at item 0, for n items. Collective.
  void restart(const Communicator& node, std::uint64_t n);
  /// The next item; nothing when all are given out, or when the others will be done with the rest before this rank is with
  /// one. One rank at least goes on until all are given out.
  std::optional<std::uint64_t> take();
  /// An item that this rank took is done, after so many seconds.
  void finish(double seconds);
  /// Gives out no more: a rank has failed and the others need not go on.
  void stop() { counter_.stop(); }
  /// How many items have been given out by now on this node.
  std::uint64_t taken() const { return counter_.taken(); }

 private:
  /// Items a second of all ranks. Of those that have not done any yet: what their capacities and the others' pace say.
  std::vector<double> expected() const;

  WorkCounter counter_;
  SharedRates rates_, leaving_;     ///< leaving: not 0 for a rank that takes no more of this round
  std::vector<double> capacities_;  ///< [nrank]
  int rank_;
  std::uint64_t n_ = 0;
  double ndone_ = 0, seconds_ = 0;
};

}  // namespace zspex::comm
