/// \file
/// Loops over all threads of the host.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>

#include "kernels/base/launch.hpp"

namespace zspex::kernels::detail {

inline std::size_t host_threads() { return static_cast<std::size_t>(Host().concurrency()); }

/// Calls f(i) for i < n. Threads take the items in turn, so that long and short ones share out. What f throws first comes
/// out here, when all have ended.
template <class F>
void for_all(const char* label, std::size_t n, const F& f) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr first;
  launch(Host(), label, static_cast<std::int64_t>(std::min(n, host_threads())), [&](std::int64_t) {
    try {
      for (std::size_t i = next++; i < n; i = next++) f(i);
    } catch (...) {
      if (!failed.exchange(true)) first = std::current_exception();
      next = n;
    }
  });
  fence(Host(), "all items are done");
  if (first) std::rethrow_exception(first);
}

}  // namespace zspex::kernels::detail
