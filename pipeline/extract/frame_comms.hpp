/// \file
/// Who works together: ranks of a node share an image, nodes of a group share a frame, groups have frames of their own.
#pragma once

#include "pipeline/comm/communicator.hpp"

namespace zspex::pipeline {

/// The place of a rank. Groups are made of whole nodes; there are as many as nodes, but no more than frames.
struct FrameComms {
  comm::Communicator group;    ///< works on one frame at a time; its rank 0 reads and writes
  comm::Communicator node;     ///< the group's ranks on this node; its rank 0 fills the shared image
  comm::Communicator leaders;  ///< the rank 0 of each node of the group; empty on other ranks
  int igroup = 0, ngroup = 1;
  int inode = 0, nnode = 1;  ///< of the group
};

/// \param node    the ranks of this node, from split_by_node(); tests make smaller ones
/// \param nframe  how many frames there are to do
/// Collective over world.
FrameComms make_frame_comms(const comm::Communicator& world, comm::Communicator node, int nframe);

}  // namespace zspex::pipeline
