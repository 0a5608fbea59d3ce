/// \file
/// Which device a rank computes on.
#pragma once

namespace zspex::comm {

/// The device for a rank: ranks of a node take the visible devices in turn.
///
/// Slurm's binding and CUDA_VISIBLE_DEVICES (ROCR_VISIBLE_DEVICES) narrow what a process sees; a rank that was given
/// one device of its own sees one, and takes it whatever its rank.
/// \param node_rank  rank within the node
/// \param visible    devices that this process sees; 0 without a GPU
/// \return the device's number among the visible ones, or -1 without any
int choose_device(int node_rank, int visible);

}  // namespace zspex::comm
