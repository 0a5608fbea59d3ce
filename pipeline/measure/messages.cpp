#include "pipeline/measure/messages.hpp"

#include <functional>

#include "core/format.hpp"
#include "kernels/yardsticks.hpp"

namespace zspex::pipeline::measure {
namespace {

/// Whom a rank sends to and receives from.
struct Neighbors {
  bool takes_part = false;
  int next = 0, previous = 0;
};

/// Seconds of a step that all ranks do together, again and again; of the slowest rank. Collective.
double seconds_of_steps(const comm::Communicator& world, double seconds, const std::function<void()>& step) {
  step();
  const auto time = [&](int n) {
    world.barrier();
    const Stopwatch watch;
    for (int i = 0; i < n; ++i) step();
    return most_over_ranks(world, watch.seconds()) / n;
  };
  return time(static_cast<int>(std::clamp(seconds / time(2), 2.0, 1e5)));
}

Ring measure_ring(const Ranks& ranks, const comm::Communicator& ring, const Neighbors& neighbors, std::size_t message,
                  double seconds) {
  std::vector<std::byte> out(message), in(message);
  const auto exchange = [&](std::size_t n) {
    if (!neighbors.takes_part) return;
    comm::Exchange(ring, std::span(out).first(n), neighbors.next, std::span(in).first(n), neighbors.previous).wait();
  };
  Ring measured;
  measured.latency = seconds_of_steps(ranks.world, 0.3 * seconds, [&] { exchange(sizeof(double)); });
  measured.bandwidth =
      static_cast<double>(message) / seconds_of_steps(ranks.world, 0.7 * seconds, [&] { exchange(message); });
  return measured;
}

/// The rank of the next node that has the same number there, as far as all nodes have so many.
Neighbors across_nodes(const Roles& roles, int rank, int& senders) {
  std::vector<std::vector<int>> nodes(static_cast<std::size_t>(roles.nnode));
  std::size_t place = 0;
  for (std::size_t irank = 0; irank < roles.ranks.size(); ++irank) {
    auto& members = nodes[static_cast<std::size_t>(roles.ranks[irank].node)];
    if (static_cast<int>(irank) == rank) place = members.size();
    members.push_back(static_cast<int>(irank));
  }
  std::size_t fewest = roles.ranks.size();
  for (const auto& members : nodes) fewest = std::min(fewest, members.size());
  senders = static_cast<int>(fewest);
  if (place >= fewest) return {};
  const auto mine = static_cast<std::size_t>(roles.ranks[static_cast<std::size_t>(rank)].node), n = nodes.size();
  return {true, nodes[(mine + 1) % n][place], nodes[(mine + n - 1) % n][place]};
}

/// Speed of the first rank of each node while the others wait in their way. Collective.
double speed_of_first(const Ranks& ranks, double seconds, const std::function<void()>& wait) {
  constexpr std::uint64_t few = 1 << 14;
  double mine = 0;
  ranks.world.barrier();
  if (ranks.node.is_root()) mine = times_a_second(seconds, [] { (void)kernels::count_in_circle(0, few); });
  wait();
  return sum_over_ranks(ranks.world, mine);
}

}  // namespace

MessagesMeasured measure_messages(const Ranks& ranks, const Sizes& sizes, double seconds) {
  MessagesMeasured measured;
  measured.message = static_cast<double>(sizes.message);
  const int most = static_cast<int>(most_over_ranks(ranks.world, ranks.node.size()));
  if (most > 1) {
    const int n = ranks.node.size(), rank = ranks.node.rank();
    measured.node =
        measure_ring(ranks, ranks.node, {n > 1, (rank + 1) % n, (rank + n - 1) % n}, sizes.message, 0.4 * seconds);
    measured.node.senders = most;
    measured.has_waiting = true;
    const double asleep = speed_of_first(ranks, 0.1 * seconds, [&] { ranks.node.quiet_barrier(); });
    measured.waiting = speed_of_first(ranks, 0.1 * seconds, [&] { ranks.node.barrier(); }) / asleep;
  }
  if (ranks.roles.nnode > 1) {
    int senders = 0;
    const Neighbors neighbors = across_nodes(ranks.roles, ranks.world.rank(), senders);
    measured.network = measure_ring(ranks, ranks.world, neighbors, sizes.message, 0.4 * seconds);
    measured.network.senders = senders;
  }
  return measured;
}

Section describe(const MessagesMeasured& measured) {
  Section section{fmt::format("messages in a ring, all ranks send: 8 bytes and {}",
                              format_bytes(static_cast<std::uint64_t>(measured.message))),
                  {}};
  constexpr double micro = 1e-6, giga = 1e9;
  const auto rows = [&](const Ring& ring, const char* where) {
    section.rows.push_back({fmt::format("latency, {}", where), digits(ring.latency / micro), "microseconds"});
    section.rows.push_back(
        {fmt::format("bandwidth, {}", where), digits(ring.bandwidth / giga), "1e9 bytes/s", "of a rank"});
    if (ring.senders > 1)
      section.rows.push_back({"  of a node's ranks together", digits(ring.senders * ring.bandwidth / giga),
                              "1e9 bytes/s", fmt::format("{} ranks", ring.senders)});
  };
  if (measured.node.senders > 0) rows(measured.node, "in a node");
  if (measured.network.senders > 0) rows(measured.network, "to the next node");
  if (measured.has_waiting)
    section.rows.push_back({"a rank while others wait", digits(measured.waiting), "times alone", "1: waiting is free"});
  if (measured.node.senders == 0) section.remarks.push_back("One rank on each node: nothing is sent within a node.");
  if (measured.network.senders == 0) section.remarks.push_back("One node: nothing is sent to another.");
  return section;
}

void fill(const MessagesMeasured& measured, config::MachineConfig& machine) {
  constexpr double micro = 1e-6, giga = 1e9;
  if (measured.node.senders > 0) {
    machine.ring_latency = measured.node.latency / micro;
    machine.ring_bandwidth = measured.node.bandwidth / giga;
  }
  if (measured.network.senders > 0) {
    machine.network_latency = measured.network.latency / micro;
    machine.network_bandwidth = measured.network.senders * measured.network.bandwidth / giga;
    if (measured.node.senders == 0) machine.ring_bandwidth = measured.network.bandwidth / giga;
  }
}

}  // namespace zspex::pipeline::measure
