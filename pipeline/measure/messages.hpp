/// \file
/// Messages from rank to rank, as a ring of slices sends them; and what ranks that wait take from those at work.
#pragma once

#include "config/machine_config.hpp"
#include "pipeline/measure/ranks.hpp"
#include "pipeline/measure/table.hpp"

namespace zspex::pipeline::measure {

/// Of a ring in which all ranks send at once; zeros where there is none.
struct Ring {
  double latency = 0;    ///< seconds of a message of 8 bytes
  double bandwidth = 0;  ///< bytes/s of a rank
  int senders = 0;       ///< ranks of a node that send
};

struct MessagesMeasured {
  Ring node, network;  ///< from rank to rank of a node; from each rank of a node to one of the next
  double message = 0;  ///< bytes of a large one
  bool has_waiting = false;
  double waiting =
      1;  ///< speed of a rank with all others of its node waiting for a message, times that while they sleep
};

/// The same on all ranks. Collective.
MessagesMeasured measure_messages(const Ranks& ranks, const Sizes& sizes, double seconds);

Section describe(const MessagesMeasured& measured);
void fill(const MessagesMeasured& measured, config::MachineConfig& machine);

}  // namespace zspex::pipeline::measure
