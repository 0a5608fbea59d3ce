#include "pipeline/extract/frame_comms.hpp"

#include <algorithm>
#include <vector>

namespace zspex::pipeline {

FrameComms make_frame_comms(const comm::Communicator& world, comm::Communicator node, int nframe) {
  FrameComms comms;
  // A node is known by the lowest rank on it.
  const int lowest = comm::all_gather(node, world.rank()).front();
  std::vector<int> nodes = comm::all_gather(world, lowest);
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  const int nnode = static_cast<int>(nodes.size());
  const int inode = static_cast<int>(std::lower_bound(nodes.begin(), nodes.end(), lowest) - nodes.begin());

  comms.ngroup = std::clamp(nframe, 1, nnode);
  const auto group_of = [&](int node_index) { return node_index * comms.ngroup / nnode; };
  comms.igroup = group_of(inode);
  int first = 0;  // node of this group
  while (group_of(first) != comms.igroup) ++first;
  comms.nnode = 0;
  for (int other = 0; other < nnode; ++other) comms.nnode += group_of(other) == comms.igroup;
  comms.inode = inode - first;

  comms.group = world.split(comms.igroup);
  comms.leaders = comms.group.split(node.is_root() ? 0 : -1);
  comms.node = std::move(node);
  return comms;
}

}  // namespace zspex::pipeline
