#include "pipeline/redshift/node_inputs.hpp"

#include <algorithm>
#include <optional>

#include "io/unzipped.hpp"
#include "pipeline/comm/agree.hpp"

namespace zspex::pipeline {

bool is_gzipped(const std::string& path) { return path.ends_with(".gz"); }

NodeInputs::NodeInputs(const comm::Communicator& world, const comm::Communicator& node,
                       const std::vector<std::string>& paths) {
  std::vector<std::size_t> files;
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (is_gzipped(paths[i])) files.push_back(i);
  const auto nrank = static_cast<std::size_t>(node.size()), rank = static_cast<std::size_t>(node.rank());
  const bool here = nrank > 1 && files.size() <= nrank;

  std::optional<io::Unzipped> mine;
  comm::agree(world, "", [&] {
    if (here && rank < files.size()) mine.emplace(paths[files[rank]]);
  });
  if (!here || files.empty()) return;
  const auto sizes = comm::all_gather<std::uint64_t>(node, mine ? mine->bytes().size() : 0);
  places_.resize(paths.size());
  std::size_t all = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    constexpr std::size_t line = 64;
    places_[files[i]] = {all, static_cast<std::size_t>(sizes[i])};
    all += (places_[files[i]].nbytes + line - 1) / line * line;
  }
  // It only saves time: what else is shared must have room, too.
  if (comm::all_gather<std::uint64_t>(node, comm::free_shared_memory()).front() < 2 * all) {
    places_.clear();
    return;
  }
  memory_ = comm::NodeShared<std::byte>(node, all);
  if (mine) std::copy(mine->bytes().begin(), mine->bytes().end(), memory_.data() + places_[files[rank]].first);
  mine.reset();
  memory_.publish(node);
}

std::span<const std::byte> NodeInputs::of(std::size_t file) const {
  if (file >= places_.size()) return {};
  return std::span<const std::byte>(memory_.values()).subspan(places_[file].first, places_[file].nbytes);
}

}  // namespace zspex::pipeline
