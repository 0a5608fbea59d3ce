#include "pipeline/extract/crew.hpp"

#include <algorithm>
#include <vector>

namespace zspex::pipeline {

Crew make_crew(const comm::Communicator& world, comm::Communicator node, int nframe) {
  Crew crew;
  // A node is known by the lowest rank on it.
  const int lowest = comm::all_gather(node, world.rank()).front();
  std::vector<int> nodes = comm::all_gather(world, lowest);
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  const int nnode = static_cast<int>(nodes.size());
  const int inode = static_cast<int>(std::lower_bound(nodes.begin(), nodes.end(), lowest) - nodes.begin());

  crew.ngroup = std::clamp(nframe, 1, nnode);
  const auto group_of = [&](int node_index) { return node_index * crew.ngroup / nnode; };
  crew.igroup = group_of(inode);
  int first = 0;  // node of this group
  while (group_of(first) != crew.igroup) ++first;
  crew.nnode = 0;
  for (int other = 0; other < nnode; ++other) crew.nnode += group_of(other) == crew.igroup;
  crew.inode = inode - first;

  crew.group = world.split(crew.igroup);
  crew.leaders = crew.group.split(node.is_root() ? 0 : -1);
  crew.node = std::move(node);
  return crew;
}

}  // namespace zspex::pipeline
