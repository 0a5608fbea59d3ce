/// \file
/// Parts that are made in threads and taken in their order: what is written is the same for any number of threads.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace zspex::io::detail {

/// The threads that a writer may use: `asked`, or if that is 0 the cores that this process was given, at most 8.
int writer_threads(int asked);

/// Calls take(make(0)), take(make(1)), ... take(make(n - 1)): take() in the calling thread, make() in threads if there
/// are more than one. At most two parts for each thread wait to be taken. The first exception ends it and is thrown.
template <class Make, class Take>
void make_in_threads(std::size_t n, int nthread, const Make& make, const Take& take) {
  using Part = decltype(make(std::size_t{0}));
  const std::size_t nworker = std::min(n, static_cast<std::size_t>(std::max(1, nthread)));
  struct Slot {
    Part part = {};
    std::exception_ptr failure;
    bool made = false;
  };
  std::vector<Slot> slots(2 * nworker);  // part i waits in slot i modulo their number
  std::mutex mutex;
  std::condition_variable wake_worker, wake_taker;
  std::size_t next = 0, taken = 0;
  bool ending = false;
  const auto work = [&] {
    std::unique_lock lock(mutex);
    for (;;) {
      wake_worker.wait(lock, [&] { return ending || next == n || next < taken + slots.size(); });
      if (ending || next == n) return;
      Slot made;
      made.made = true;
      const std::size_t i = next++;
      lock.unlock();
      try {
        made.part = make(i);
      } catch (...) {
        made.failure = std::current_exception();
      }
      lock.lock();
      slots[i % slots.size()] = std::move(made);
      wake_taker.notify_one();
    }
  };
  std::vector<std::jthread> threads;
  const struct End {  // before the threads are joined
    std::mutex& mutex;
    std::condition_variable& wake;
    bool& ending;
    ~End() {
      const std::lock_guard lock(mutex);
      ending = true;
      wake.notify_all();
    }
  } end{mutex, wake_worker, ending};
  try {
    while (nworker > 1 && threads.size() < nworker) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // No more threads for this process; those that are there do it.
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (threads.empty()) {
      take(i, make(i));
      continue;
    }
    std::unique_lock lock(mutex);
    wake_taker.wait(lock, [&] { return slots[i % slots.size()].made; });
    const Slot slot = std::exchange(slots[i % slots.size()], Slot());
    taken = i + 1;
    lock.unlock();
    wake_worker.notify_one();
    if (slot.failure) std::rethrow_exception(slot.failure);
    take(i, slot.part);
  }
}

}  // namespace zspex::io::detail
