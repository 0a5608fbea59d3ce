#include "pipeline/redshift/deal_again.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "pipeline/comm/agree.hpp"

namespace zspex::pipeline {
namespace {

/// Targets that are on both lists; both grow.
std::vector<int> on_both(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

}  // namespace

RankTargets deal_again(const comm::Communicator& world, std::span<const std::vector<int>> before,
                       std::span<const std::vector<int>> after, const RankTargets& held,
                       const std::function<RankTargets(std::vector<int> ours)>& make) {
  const int nrank = world.size(), rank = world.rank();
  const auto of = [](std::span<const std::vector<int>> lists, int i) -> const std::vector<int>& {
    return lists[static_cast<std::size_t>(i)];
  };
  // In turn with each rank that is so far away: what it gets from here, and what it has for this one.
  std::vector<std::vector<std::byte>> messages(static_cast<std::size_t>(nrank));
  for (int distance = 0; distance < nrank; ++distance) {
    const int to = (rank + distance) % nrank, from = (rank + nrank - distance) % nrank;
    std::vector<std::byte> outgoing;
    auto& incoming = messages[static_cast<std::size_t>(from)];
    comm::agree(world, "pack targets for other ranks", [&] {
      const std::vector<int> going = on_both(of(before, rank), of(after, to));
      for (const int target : going) {
        const auto i =
            static_cast<std::size_t>(std::lower_bound(held.ours.begin(), held.ours.end(), target) - held.ours.begin());
        held.spectra.append(i, outgoing);
        held.scans.append(i, outgoing);
        // All at once: a vector that grows by itself holds up to three times what is in it.
        if (target == going.front()) outgoing.reserve((outgoing.size() + 64) * going.size());
      }
    });
    if (distance == 0) {
      incoming = std::move(outgoing);
      continue;
    }
    std::uint64_t sent = outgoing.size(), coming = 0;
    comm::Exchange(world, std::as_bytes(std::span(&sent, 1)), to, std::as_writable_bytes(std::span(&coming, 1)), from)
        .wait();
    comm::agree(world, "make room for targets of other ranks", [&] { incoming.resize(coming); });
    comm::Exchange(world, outgoing, to, incoming, from).wait();
  }
  std::map<int, int> holder;  // of this rank's targets
  for (int i = 0; i < nrank; ++i)
    for (const int target : on_both(of(before, i), of(after, rank))) holder[target] = i;
  RankTargets result = make(of(after, rank));
  comm::agree(world, "take targets of other ranks", [&] {
    std::vector<std::span<const std::byte>> left(messages.begin(), messages.end());
    for (std::size_t i = 0; i < result.ours.size(); ++i) {
      const auto from = static_cast<std::size_t>(holder.at(result.ours[i]));
      result.spectra.take(left[from]);
      result.scans.take(i, left[from]);
      if (left[from].empty()) messages[from] = {};
    }
  });
  return result;
}

}  // namespace zspex::pipeline
