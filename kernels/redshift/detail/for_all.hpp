/// \file
/// Loops over all threads of the host.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "kernels/base/launch.hpp"

namespace zspex::kernels::detail {

inline std::size_t host_threads() { return static_cast<std::size_t>(Host().concurrency()); }

/// Calls f(i, room) for i < n, each thread with a room of its own, which it uses again and again. Threads take the items
/// in turn, so that long and short ones share out.
template <class Room, class F>
void for_all_with(const char* label, std::size_t n, const F& f) {
  const std::size_t nworker = std::min(n, host_threads());
  std::vector<Room> rooms(nworker);
  std::atomic<std::size_t> next{0};
  Kokkos::parallel_for(label, Kokkos::RangePolicy<Host>(0, static_cast<int>(nworker)), [&](int worker) {
    for (std::size_t i = next++; i < n; i = next++) f(i, rooms[static_cast<std::size_t>(worker)]);
  });
  Host().fence();
}

/// Calls f(i) for i < n.
template <class F>
void for_all(const char* label, std::size_t n, const F& f) {
  struct Nothing {};
  for_all_with<Nothing>(label, n, [&](std::size_t i, Nothing&) { f(i); });
}

}  // namespace zspex::kernels::detail
