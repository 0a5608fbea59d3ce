/// \file
/// How long the steps of a stage take, over all ranks.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "core/timing.hpp"
#include "pipeline/comm/communicator.hpp"

namespace zspex::pipeline {

/// The steps of a stage on one rank, in an order that is the same on all ranks.
class StepTimes {
 public:
  explicit StepTimes(std::string stage, std::vector<std::string> steps);

  /// Adds to a step; a rank that never does has no part in it.
  void add(std::size_t step, double seconds, std::uint64_t bytes_read = 0, std::uint64_t bytes_written = 0);
  void add(const StepTimes& other);

  /// One row per step that somebody took part in: minimum, median and maximum over the ranks that did. Collective.
  std::vector<Timing> over_ranks(const comm::Communicator& comm) const;

 private:
  struct Step {
    double seconds = 0;
    std::uint64_t bytes_read = 0, bytes_written = 0;
    std::uint64_t taken = 0;  ///< how often
  };
  std::string stage_;
  std::vector<std::string> names_;
  std::vector<Step> steps_;
};

/// Memory that this process holds, bytes; 0 if it can't be told.
std::uint64_t resident_memory();
/// The most memory that this process ever held, bytes.
std::uint64_t peak_memory();
/// Memory of this node, or of the container that this process is in, bytes.
double node_memory();
/// Size of a file; 0 if it can't be told.
std::uint64_t file_bytes(const std::string& path);
/// "2026-11-22T21:04:00Z"
std::string utc_now();

/// A table for the terminal.
void print_timing(const std::vector<Timing>& rows, std::ostream& out);

}  // namespace zspex::pipeline
