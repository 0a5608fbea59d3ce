/// \file
/// Ranks that fit the same targets: one rank alone, or all of a node among which work is dealt dynamically.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "kernels/redshift/fitter.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/comm/node_shared.hpp"

namespace zspex::pipeline {

/// Memory that the ranks of a team have in common. For a team of one it is plain memory.
class TeamMemory {
 public:
  TeamMemory() = default;
  /// Zeros. Collective over the team; the same size on all. \throws std::bad_alloc, CommError when there is too little
  TeamMemory(const comm::Communicator& team, std::size_t nbytes) : nbytes_(nbytes) {
    if (team.size() == 1) {
      own_.resize((nbytes + sizeof(Line) - 1) / sizeof(Line));
      data_ = reinterpret_cast<std::byte*>(own_.data());
      return;
    }
    window_ = comm::SharedWindow(team, nbytes + sizeof(Line));
    void* start = window_.data();
    std::size_t space = nbytes + sizeof(Line);
    data_ = static_cast<std::byte*>(std::align(alignof(Line), nbytes, start, space));
    // Pages are taken by the rank that touches them first: each takes its share.
    const std::size_t share = nbytes / static_cast<std::size_t>(team.size()) + 1;
    const std::size_t first = std::min(nbytes, share * static_cast<std::size_t>(team.rank()));
    std::memset(data_ + first, 0, std::min(share, nbytes - first));
    window_.publish(team);
  }

  /// n values of a type from byte `at` on, which is a multiple of their alignment.
  template <class T>
  std::span<T> values(std::size_t at, std::size_t n) const {
    return {reinterpret_cast<T*>(data_ + at), n};
  }
  /// All of it as what the fitter's scan reads.
  kernels::Values values(const kernels::RedshiftFitter& fitter) const {
    if (fitter.mixed()) return {reinterpret_cast<float*>(data_), nbytes_ / sizeof(float)};
    return {reinterpret_cast<double*>(data_), nbytes_ / sizeof(double)};
  }
  /// What one rank wrote before this call all may read after it. Collective.
  void publish(const comm::Communicator& team) const {
    if (team.size() > 1) window_.publish(team);
  }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> own_;
  comm::SharedWindow window_;
  std::byte* data_ = nullptr;
  std::size_t nbytes_ = 0;
};

/// The memory of values.
inline std::span<std::byte> bytes_of(const kernels::Values& values) {
  return values.visit([&](auto* data) { return std::as_writable_bytes(std::span(data, values.size())); });
}

}  // namespace zspex::pipeline
