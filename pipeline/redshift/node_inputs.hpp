/// \file
/// Gzipped inputs, decompressed once a node instead of by each of its ranks.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "pipeline/comm/communicator.hpp"
#include "pipeline/comm/node_shared.hpp"

namespace zspex::pipeline {

class NodeInputs {
 public:
  NodeInputs() = default;
  /// Each rank of a node decompresses some files. Nothing is done where a rank is alone on its node, where the node has little shared
  /// memory (a container's /dev/shm), nor where there are more files than ranks: together they would take more memory than the one
  /// that each rank has open.
  /// \param node  the ranks of world on this node
  /// \throws AgreedError. Collective over world.
  NodeInputs(const comm::Communicator& world, const comm::Communicator& node, const std::vector<std::string>& paths);

  bool empty() const { return places_.empty(); }
  /// The contents of a file; empty: they must be read from it.
  std::span<const std::byte> of(std::size_t file) const;

 private:
  struct Place {
    std::size_t first = 0, nbytes = 0;
  };
  std::vector<Place> places_;  ///< [nfile]
  comm::NodeShared<std::byte> memory_;
};

/// Whether a file is decompressed from its beginning.
bool is_gzipped(const std::string& path);

}  // namespace zspex::pipeline
