/// \file
/// One thread that reads and writes files while the ranks compute. It never calls MPI. CFITSIO and HDF5 have locks (io/detail).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace zspex::pipeline {

/// Does its tasks one after the other, in order. What a task throws comes out of its future.
class BackgroundThread {
 public:
  BackgroundThread();
  /// Finishes the task under way; those that have not begun are dropped.
  ~BackgroundThread();
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

  template <class Function>
  auto submit(Function&& fn) -> std::future<decltype(fn())> {
    auto task = std::make_shared<std::packaged_task<decltype(fn())()>>(std::forward<Function>(fn));
    auto result = task->get_future();
    push([task] { (*task)(); });
    return result;
  }

 private:
  void push(std::function<void()> task);
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace zspex::pipeline
