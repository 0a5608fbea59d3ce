/// \file
/// Who measures, and for how long; what all yardsticks need.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/median.hpp"
#include "core/timing.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/roles.hpp"

namespace zspex::pipeline::measure {

/// Bins of a frame of DESI's r cameras.
inline constexpr int full_bins = 2326;

/// How much is measured with; smaller for tests.
struct Sizes {
  int targets = 500;                           ///< of the largest batch
  int matrix = 1000;                           ///< rows of the dense matrices
  int fibers = 25;                             ///< of the frame that is extracted, one bundle
  int bins = full_bins;                        ///< of that frame, and of one that is written
  int coadds = 64;                             ///< targets that are simulated, written and read
  std::size_t message = std::size_t{4} << 20;  ///< bytes
  std::size_t array = std::size_t{64} << 20;   ///< bytes of each of a rank's three arrays, beyond caches
  std::size_t file = std::size_t{256} << 20;   ///< bytes
  std::size_t frame_pixels = 4128;             ///< rows and columns of a CCD whose files are timed
};

/// The ranks, and what they are.
struct Ranks {
  const comm::Communicator& world;
  const comm::Communicator& node;
  const Roles& roles;

  const Role& mine() const { return roles.ranks[static_cast<std::size_t>(world.rank())]; }
  bool any_gpu() const {
    return std::any_of(roles.ranks.begin(), roles.ranks.end(), [](const Role& role) { return role.on_gpu; });
  }
};

/// Collective.
inline double median_over_ranks(const comm::Communicator& comm, double mine) {
  auto all = comm::all_gather(comm, mine);
  return median(all);
}
inline double sum_over_ranks(const comm::Communicator& comm, double mine) {
  double sum = 0;
  for (const double one : comm::all_gather(comm, mine)) sum += one;
  return sum;
}
inline double most_over_ranks(const comm::Communicator& comm, double mine) {
  const auto all = comm::all_gather(comm, mine);
  return *std::max_element(all.begin(), all.end());
}

}  // namespace zspex::pipeline::measure
