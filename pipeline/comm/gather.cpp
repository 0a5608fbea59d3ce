#include "pipeline/comm/gather.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace zspex::comm {
namespace {

struct Label {
  std::uint64_t index = 0, nbytes = 0;
};

struct Arrival {
  std::uint64_t index = 0, nbytes = 0;
  int rank = 0;
  std::size_t position = 0;  ///< in the list of its rank
};

constexpr int message_tag = 17;

}  // namespace

void gather(const Communicator& comm, const std::vector<Part>& mine, const Destination& place,
            const std::function<void(std::uint64_t)>& placed, int root) {
  std::vector<Label> labels;
  for (const Part& part : mine) labels.push_back({part.index, part.bytes.size()});
  const auto lists = all_gather_lists(comm, labels);

  if (comm.rank() != root) {
    for (const Part& part : mine) send(comm, part.bytes, root, message_tag);
    return;
  }

  std::vector<Arrival> arrivals;
  for (std::size_t rank = 0; rank < lists.size(); ++rank) {
    for (std::size_t i = 0; i < lists[rank].size(); ++i) {
      arrivals.push_back({lists[rank][i].index, lists[rank][i].nbytes, static_cast<int>(rank), i});
    }
  }
  // Each rank sends its parts in growing order, so taking all parts in growing order never waits for a later one.
  std::sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) { return a.index < b.index; });
  for (const Arrival& arrival : arrivals) {
    const std::span<std::byte> where = place(arrival.index, arrival.nbytes);
    if (where.size() != arrival.nbytes) {
      throw CommError("gather part " + std::to_string(arrival.index),
                      "expected " + std::to_string(where.size()) + " bytes, found " + std::to_string(arrival.nbytes) +
                          " from rank " + std::to_string(arrival.rank) +
                          ". This is a defect of zspex; please report it.");
    }
    if (arrival.rank == root) {
      if (!where.empty()) std::memcpy(where.data(), mine[arrival.position].bytes.data(), where.size());
    } else {
      receive(comm, where, arrival.rank, message_tag);
    }
    if (placed) placed(arrival.index);
  }
}

}  // namespace zspex::comm
