/// \file
/// The ideal curve: pi by Monte Carlo, work that needs no memory, no messages and no other rank.
#pragma once

#include <string>
#include <vector>

#include "config/machine_config.hpp"
#include "pipeline/measure/pinning.hpp"
#include "pipeline/measure/ranks.hpp"
#include "pipeline/measure/table.hpp"

namespace zspex::pipeline::measure {

struct PiMeasured {
  /// So many ranks at work and the others asleep, and the points that they do in a second together.
  struct Point {
    int ranks;
    double rate;
  };
  std::vector<Point> curve;             ///< from one rank to all
  double jitter = 0, jitter_whole = 0;  ///< slowest / mean - 1 on a node: of pieces of 5 ms, median; of all together
  int threads = 1;                      ///< of a rank
  double by_threads = 0;                ///< points in a second of all threads of a rank
  int hardware_threads = 1;             ///< of a core
  double thread_gain = 1;               ///< 1 also where it can't be measured
  double pi = 0;                        ///< what came out
  int cores = 0;                        ///< of a node
  std::vector<std::string> faults;      ///< of how ranks are bound

  double alone() const { return curve.front().rate; }
};

/// The same on all ranks. Collective.
PiMeasured measure_pi(const Ranks& ranks, double seconds);

Section describe(const PiMeasured& measured);
void fill(const PiMeasured& measured, config::MachineConfig& machine);

}  // namespace zspex::pipeline::measure
