#include "pipeline/comm/gather.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "core/format.hpp"

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

/// Small parts of a rank that follow each other travel together, up to so many bytes; the root holds one such parcel of each
/// rank at most. A larger part travels alone, straight into its place.
constexpr std::size_t most_parcel_bytes = std::size_t{1} << 16;

/// How many of the labels from `first` on travel together, and their bytes.
std::pair<std::size_t, std::size_t> next_parcel(std::span<const Label> labels, std::size_t first) {
  std::size_t n = 1, nbytes = labels[first].nbytes;
  while (first + n < labels.size() && nbytes + labels[first + n].nbytes <= most_parcel_bytes)
    nbytes += labels[first + n++].nbytes;
  return {n, nbytes};
}

/// The parts of one rank as they come to the root.
struct Sender {
  std::vector<Label> labels;
  std::vector<std::byte> parcel;
  std::size_t taken = 0, in_parcel = 0,
              at = 0;  ///< parts; those in the parcel that are not taken; bytes of it that are
};

void send_parcels(const Communicator& comm, const std::vector<Part>& mine, std::span<const Label> labels, int root) {
  std::vector<std::byte> parcel;
  for (std::size_t first = 0; first < mine.size();) {
    const auto [n, nbytes] = next_parcel(labels, first);
    if (n == 1) {
      send(comm, mine[first].bytes, root, message_tag);
    } else {
      parcel.clear();
      parcel.reserve(nbytes);
      for (std::size_t i = first; i < first + n; ++i)
        parcel.insert(parcel.end(), mine[i].bytes.begin(), mine[i].bytes.end());
      send(comm, parcel, root, message_tag);
    }
    first += n;
  }
}

void take_part(const Communicator& comm, int rank, Sender& sender, std::span<std::byte> where) {
  if (sender.in_parcel == 0) {
    const auto [n, nbytes] = next_parcel(sender.labels, sender.taken);
    if (n == 1) {
      receive(comm, where, rank, message_tag);
      ++sender.taken;
      return;
    }
    sender.parcel.resize(nbytes);
    receive(comm, sender.parcel, rank, message_tag);
    sender.in_parcel = n;
    sender.at = 0;
  }
  std::copy_n(sender.parcel.begin() + static_cast<std::ptrdiff_t>(sender.at), where.size(), where.begin());
  sender.at += where.size();
  ++sender.taken;
  --sender.in_parcel;
}

}  // namespace

void gather(const Communicator& comm, const std::vector<Part>& mine, const Destination& place,
            const std::function<void(std::uint64_t)>& placed, int root) {
  std::vector<Label> labels;
  for (const Part& part : mine) labels.push_back({part.index, part.bytes.size()});
  const Lists all = gather_lists(comm, std::as_bytes(std::span(labels)), root);
  if (comm.rank() != root) {
    send_parcels(comm, mine, labels, root);
    return;
  }

  std::vector<Sender> senders(static_cast<std::size_t>(comm.size()));
  std::vector<Arrival> arrivals;
  for (std::size_t rank = 0; rank < senders.size(); ++rank) {
    const auto& theirs = senders[rank].labels = all.values_of<Label>(static_cast<int>(rank));
    for (std::size_t i = 0; i < theirs.size(); ++i)
      arrivals.push_back({theirs[i].index, theirs[i].nbytes, static_cast<int>(rank), i});
  }
  // Each rank sends its parts in growing order, so taking all parts in growing order never waits for a later one.
  std::sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) { return a.index < b.index; });
  for (const Arrival& arrival : arrivals) {
    const std::span<std::byte> where = place(arrival.index, arrival.nbytes);
    if (where.size() != arrival.nbytes) {
      throw CommError(
          fmt::format("gather part {}", arrival.index),
          fmt::format("expected {} bytes, found {} from rank {}. This is a defect of zspex; please report it.",
                      where.size(), arrival.nbytes, arrival.rank));
    }
    if (arrival.rank == root) {
      if (!where.empty()) std::memcpy(where.data(), mine[arrival.position].bytes.data(), where.size());
    } else {
      take_part(comm, arrival.rank, senders[static_cast<std::size_t>(arrival.rank)], where);
    }
    if (placed) placed(arrival.index);
  }
}

}  // namespace zspex::comm
