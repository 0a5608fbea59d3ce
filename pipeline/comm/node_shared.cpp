#include "pipeline/comm/node_shared.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <limits>
#include <string>

#include "core/format.hpp"
#include "pipeline/comm/unwinding.hpp"

namespace zspex::comm {

std::uint64_t free_shared_memory() {
  struct statvfs shared {};
  if (statvfs("/dev/shm", &shared) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(shared.f_bavail) * shared.f_frsize;
}

SharedWindow::SharedWindow(const Communicator& node, std::size_t nbytes) : nbytes_(nbytes) {
  // The whole block belongs to the node's first rank; the others look at it.
  const MPI_Aint mine = node.is_root() ? static_cast<MPI_Aint>(std::max<std::size_t>(nbytes, 1)) : 0;
  void* base = nullptr;
  const int code = MPI_Win_allocate_shared(mine, 1, MPI_INFO_NULL, node.raw(), &base, &window_);
  if (code != MPI_SUCCESS) {
    throw CommError("share memory between the ranks of a node",
                    fmt::format("expected room for {} MiB of shared memory, found too little. Look at the size of "
                                "/dev/shm and of the temporary folder.",
                                (nbytes >> 20) + 1));
  }
  MPI_Aint size = 0;
  int unit = 0;
  check("MPI_Win_shared_query", MPI_Win_shared_query(window_, 0, &size, &unit, &base));
  data_ = static_cast<std::byte*>(base);
  // One long passive epoch, so that MPI_Win_sync may be called. Nobody uses MPI_Put or MPI_Get on it.
  check("MPI_Win_lock_all", MPI_Win_lock_all(MPI_MODE_NOCHECK, window_));
}

SharedWindow::~SharedWindow() {
  if (window_ == MPI_WIN_NULL) return;
  int finalized = 0;
  MPI_Finalized(&finalized);
  // Freeing waits for all ranks of the node.
  if (finalized || unwinds_alone()) return;
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

void SharedWindow::publish(const Communicator& node) const {
  check("MPI_Win_sync", MPI_Win_sync(window_));
  node.barrier();
  check("MPI_Win_sync", MPI_Win_sync(window_));
}

WorkCounter::WorkCounter(const Communicator& node) : shared_(node, 1) { restart(node, 0); }

void WorkCounter::restart(const Communicator& node, std::uint64_t n) {
  node.barrier();  // nobody may still be taking from the last round
  n_ = n;
  if (node.is_root()) next().store(0);
  shared_.publish(node);
}

std::optional<std::uint64_t> WorkCounter::take() {
  const std::uint64_t item = next().fetch_add(1);
  if (item < n_) return item;
  return std::nullopt;
}

void WorkCounter::stop() { next().store(n_); }

std::uint64_t WorkCounter::taken() const { return std::min(next().load(), n_); }

}  // namespace zspex::comm
