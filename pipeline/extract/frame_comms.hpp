/// \file
/// Who works together: ranks of a node share an image, nodes of a group share a frame, groups have frames of their own.
#pragma once

#include <vector>

#include "pipeline/comm/communicator.hpp"

namespace zspex::pipeline {

/// The place of a rank.
struct FrameComms {
  comm::Communicator group;    ///< works on one frame at a time; its rank 0 reads and writes
  comm::Communicator node;     ///< the group's ranks on this node; its rank 0 fills the shared image
  comm::Communicator leaders;  ///< the rank 0 of each node of the group; empty on other ranks
  int igroup = 0, ngroup = 1;
  int inode = 0, nnode = 1;  ///< of the group
};

/// \param node    the ranks of this node, from split_by_node(); tests make smaller ones
/// \param groups  of all ranks: group_ranks()
/// Collective over world.
FrameComms make_frame_comms(const comm::Communicator& world, const comm::Communicator& node,
                            const std::vector<int>& groups);

}  // namespace zspex::pipeline
