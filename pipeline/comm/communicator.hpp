/// \file
/// MPI's session and communicators as objects that clean up after themselves. Every return code is checked.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace zspex::comm {

/// \throws CommError naming the operation, with MPI's own text, unless `code` is MPI_SUCCESS
void check(const char* operation, int code);

/// MPI from start to end of the program. Only the thread that made it may call MPI; others may run
/// (MPI_THREAD_FUNNELED).
class MpiSession {
 public:
  MpiSession(int& argc, char**& argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;
};

/// The library's own name and version in one line, for provenance.
std::string mpi_description();

/// A communicator that we own: moved, never copied, freed before MPI_Finalize. Empty when default made.
///
/// While an exception of this rank alone unwinds the stack (unwinding.hpp) nothing is freed: freeing may wait for ranks that are
/// elsewhere, and the program is about to end anyway.
class Communicator {
 public:
  Communicator() = default;
  Communicator(Communicator&& other) noexcept : comm_(std::exchange(other.comm_, MPI_COMM_NULL)) {}
  Communicator& operator=(Communicator&& other) noexcept {
    std::swap(comm_, other.comm_);
    return *this;
  }
  ~Communicator();

  /// A communicator of our own over the same ranks; errors are returned, not fatal. Collective.
  static Communicator duplicate(MPI_Comm comm);
  Communicator duplicate() const { return duplicate(comm_); }

  int rank() const;
  int size() const;
  bool is_root() const { return rank() == 0; }
  explicit operator bool() const { return comm_ != MPI_COMM_NULL; }

  /// Ranks of the same color together, in their old order; empty for ranks with a negative color. Collective.
  Communicator split(int color) const;
  /// The ranks that share memory with this one, in their old order. Collective.
  Communicator split_by_node() const;

  void barrier() const;
  /// The same, but asleep: a rank that waits in it takes nothing from those that work. Late by a millisecond.
  void quiet_barrier() const;
  /// Ends all ranks of the program at once. The last resort, when a rank fails where the others can't hear of it.
  [[noreturn]] void abort(ExitCode code) const;

  MPI_Comm raw() const { return comm_; }

 private:
  explicit Communicator(MPI_Comm comm) : comm_(comm) {}
  MPI_Comm comm_ = MPI_COMM_NULL;
};

/// Bytes to all ranks from `root`, of any size. Collective; `bytes` has the same length everywhere.
void broadcast(const Communicator& comm, std::span<std::byte> bytes, int root = 0);
/// Bytes from one rank to another, of any size; the receiver knows the length.
void send(const Communicator& comm, std::span<const std::byte> bytes, int destination, int tag);
void receive(const Communicator& comm, std::span<std::byte> bytes, int source, int tag);

/// Bytes on their way to one rank while others come from another: both go on while this rank computes.
class Exchange {
 public:
  /// \param outgoing, incoming  must stay until wait(); the ranks at the other ends know the lengths
  Exchange(const Communicator& comm, std::span<const std::byte> outgoing, int destination,
           std::span<std::byte> incoming, int source);
  /// Returns when both have arrived. Must be called.
  void wait();

 private:
  std::vector<MPI_Request> requests_;
};

/// Values of all ranks, in rank order, of the same count on each. Collective.
void all_gather_bytes(const Communicator& comm, std::span<const std::byte> mine, std::span<std::byte> all);
template <class T>
std::vector<T> all_gather(const Communicator& comm, const T& mine) {
  static_assert(std::is_trivially_copyable_v<T>, "only plain values travel as they are");
  std::vector<T> all(static_cast<std::size_t>(comm.size()));
  all_gather_bytes(comm, std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)));
  return all;
}
/// Bytes of different lengths, one rank's after the other's.
struct Lists {
  std::vector<std::byte> bytes;
  std::vector<std::size_t> begin;  ///< [nrank + 1]

  std::span<const std::byte> of(int rank) const {
    const auto i = static_cast<std::size_t>(rank);
    return std::span(bytes).subspan(begin[i], begin[i + 1] - begin[i]);
  }
  /// The same as values of a plain type.
  template <class T>
  std::vector<T> values_of(int rank) const {
    static_assert(std::is_trivially_copyable_v<T>, "only plain values travel as they are");
    const auto raw = of(rank);
    std::vector<T> values(raw.size() / sizeof(T));
    if (!raw.empty()) std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }
};
/// The bytes of all ranks onto `root`; nothing elsewhere. Collective.
Lists gather_lists(const Communicator& comm, std::span<const std::byte> mine, int root = 0);
/// The same onto all. Collective.
Lists all_gather_lists(const Communicator& comm, std::span<const std::byte> mine);
/// Lists of different lengths of all ranks, in rank order. Collective.
template <class T>
std::vector<std::vector<T>> all_gather_lists(const Communicator& comm, const std::vector<T>& mine) {
  const Lists all = all_gather_lists(comm, std::as_bytes(std::span(mine)));
  std::vector<std::vector<T>> lists;
  for (int rank = 0; rank < comm.size(); ++rank) lists.push_back(all.values_of<T>(rank));
  return lists;
}

}  // namespace zspex::comm
