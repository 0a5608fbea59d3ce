/// \file
/// What a step of a job took.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace zspex {

/// One row of /timing.
struct Timing {
  std::string stage, step;
  double min_seconds = 0, median_seconds = 0, max_seconds = 0;       ///< over ranks
  std::uint64_t bytes_read = 0, bytes_written = 0, peak_memory = 0;  ///< bytes; peak over ranks
};

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// How often `work` is done in a second: again and again for so many of them, once at least, and once before.
template <class Work>
double times_a_second(double seconds, const Work& work) {
  work();
  const Stopwatch watch;
  int n = 0;
  do {
    work();
    ++n;
  } while (watch.seconds() < seconds);
  return n / watch.seconds();
}

}  // namespace zspex
