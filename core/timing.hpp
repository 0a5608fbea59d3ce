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

}  // namespace zspex
