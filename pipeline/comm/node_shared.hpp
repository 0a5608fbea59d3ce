/// \file
/// Memory that the ranks of a node share: one copy of an image per node instead of one per rank, and a counter from which
/// the ranks take their work.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "pipeline/comm/communicator.hpp"

namespace zspex::comm {

/// Bytes that this node's processes can still share, as far as Linux tells; containers often have little.
std::uint64_t free_shared_memory();

/// Bytes from MPI_Win_allocate_shared. Made and freed by all ranks of a node together.
class SharedWindow {
 public:
  SharedWindow() = default;
  /// Collective over the node. Not initialized. \throws CommError when the node has too little shared memory
  SharedWindow(const Communicator& node, std::size_t nbytes);
  SharedWindow(SharedWindow&& other) noexcept { swap(other); }
  SharedWindow& operator=(SharedWindow&& other) noexcept {
    swap(other);
    return *this;
  }
  ~SharedWindow();

  std::byte* data() const { return data_; }
  std::size_t size() const { return nbytes_; }

  /// What one rank wrote before this call all ranks may read after it. Collective.
  void publish(const Communicator& node) const;

 private:
  void swap(SharedWindow& other) noexcept {
    std::swap(window_, other.window_);
    std::swap(data_, other.data_);
    std::swap(nbytes_, other.nbytes_);
  }
  MPI_Win window_ = MPI_WIN_NULL;
  std::byte* data_ = nullptr;
  std::size_t nbytes_ = 0;
};

/// An array of plain values, one copy per node: filled by one rank, published, read by all.
template <class T>
class NodeShared {
  static_assert(std::is_trivially_copyable_v<T>, "shared memory holds plain values");

 public:
  NodeShared() = default;
  NodeShared(const Communicator& node, std::size_t count) : window_(node, count * sizeof(T)), count_(count) {}

  std::size_t size() const { return count_; }
  std::span<T> values() const { return {reinterpret_cast<T*>(window_.data()), count_}; }
  T* data() const { return values().data(); }
  void publish(const Communicator& node) const { window_.publish(node); }

 private:
  SharedWindow window_;
  std::size_t count_ = 0;
};

/// Deals the items 0, 1, ... to the ranks of a node, one at a time, to whoever asks first. No rank waits for another.
class WorkCounter {
 public:
  /// Collective over the node.
  explicit WorkCounter(const Communicator& node);

  /// Starts again at item 0, for n items. Collective.
  void restart(const Communicator& node, std::uint64_t n);
  /// The next item; nothing when all are given out.
  std::optional<std::uint64_t> take();
  /// Gives out no more: a rank has failed and the others need not go on.
  void stop();
  /// How many items have been given out by now on this node.
  std::uint64_t taken() const;

 private:
  // Between processes only lock-free atomics work: a lock would lie in the memory of one of them.
  using Atomic = std::atomic_ref<std::uint64_t>;
  static_assert(Atomic::is_always_lock_free);
  Atomic next() const { return Atomic(shared_.values()[0]); }

  NodeShared<std::uint64_t> shared_;
  std::uint64_t n_ = 0;
};

}  // namespace zspex::comm
