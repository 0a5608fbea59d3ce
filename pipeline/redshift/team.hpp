/// \file
/// Ranks that fit the same targets: one rank alone, or all of a node that take turns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

#include "kernels/redshift/fit_site.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/comm/node_shared.hpp"

namespace zspex::pipeline {

/// Memory that the ranks of a team have in common. For a team of one it is plain memory.
class TeamMemory {
 public:
  TeamMemory() = default;
  /// Zeros. Collective over the team; the same size on all. \throws std::bad_alloc, CommError when there is too little
  TeamMemory(const comm::Communicator& team, const kernels::FitSite& host, std::size_t nbytes) : nbytes_(nbytes) {
    if (team.size() == 1) {
      own_ = host.allocate(nbytes);
      data_ = own_.data();
      return;
    }
    constexpr std::size_t line = 64;
    window_ = comm::SharedWindow(team, nbytes + line);
    void* start = window_.data();
    std::size_t space = nbytes + line;
    data_ = static_cast<std::byte*>(std::align(line, nbytes, start, space));
    // Pages are taken by the rank that touches them first: each takes its share.
    const std::size_t share = nbytes / static_cast<std::size_t>(team.size()) + 1;
    const std::size_t first = std::min(nbytes, share * static_cast<std::size_t>(team.rank()));
    std::memset(data_ + first, 0, std::min(share, nbytes - first));
    window_.publish(team);
  }

  std::span<std::byte> bytes() const { return {data_, nbytes_}; }
  std::byte* data() const { return data_; }
  /// What one rank wrote before this call all may read after it. Collective.
  void publish(const comm::Communicator& team) const {
    if (team.size() > 1) window_.publish(team);
  }

 private:
  kernels::SiteMemory own_;
  comm::SharedWindow window_;
  std::byte* data_ = nullptr;
  std::size_t nbytes_ = 0;
};

}  // namespace zspex::pipeline
