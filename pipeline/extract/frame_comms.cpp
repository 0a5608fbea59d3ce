#include "pipeline/extract/frame_comms.hpp"

#include <algorithm>

namespace zspex::pipeline {

FrameComms make_frame_comms(const comm::Communicator& world, const comm::Communicator& node,
                            const std::vector<int>& groups) {
  FrameComms comms;
  comms.igroup = groups[static_cast<std::size_t>(world.rank())];
  comms.ngroup = *std::max_element(groups.begin(), groups.end()) + 1;
  comms.group = world.split(comms.igroup);
  comms.node = node.split(comms.igroup);
  comms.leaders = comms.group.split(comms.node.is_root() ? 0 : -1);
  // A node is known by the group's lowest rank on it.
  const int lowest = comm::all_gather(comms.node, comms.group.rank()).front();
  std::vector<int> nodes = comm::all_gather(comms.group, lowest);
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  comms.nnode = static_cast<int>(nodes.size());
  comms.inode = static_cast<int>(std::lower_bound(nodes.begin(), nodes.end(), lowest) - nodes.begin());
  return comms;
}

}  // namespace zspex::pipeline
