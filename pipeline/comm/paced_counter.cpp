#include "pipeline/comm/paced_counter.hpp"

#include <algorithm>
#include <bit>

namespace zspex::comm {

SharedRates::SharedRates(const Communicator& node)
    : rank_(node.rank()), shared_(node, static_cast<std::size_t>(node.size())) {
  bits(rank_).store(0);
  shared_.publish(node);
}

double SharedRates::of(int rank) const { return std::bit_cast<double>(bits(rank).load()); }

void SharedRates::set(double rate) const { bits(rank_).store(std::bit_cast<std::uint64_t>(rate)); }

double SharedRates::sum_of_others() const {
  double sum = 0;
  for (int rank = 0; rank < size(); ++rank)
    if (rank != rank_) sum += of(rank);
  return sum;
}

double SharedRates::sum() const { return sum_of_others() + mine(); }

PacedCounter::PacedCounter(const Communicator& node, double capacity)
    : counter_(node), rates_(node), leaving_(node), capacities_(all_gather(node, capacity)), rank_(node.rank()) {}

void PacedCounter::restart(const Communicator& node, std::uint64_t n) {
  node.barrier();  // nobody may still be looking at the last round
  n_ = n;
  leaving_.set(0);
  counter_.restart(node, n);
}

std::vector<double> PacedCounter::expected() const {
  std::vector<double> rates(capacities_.size());
  double pace = 0;
  int nknown = 0;
  for (int rank = 0; rank < rates_.size(); ++rank) {
    const auto i = static_cast<std::size_t>(rank);
    rates[i] = rates_.of(rank);
    if (rates[i] <= 0) continue;
    pace += rates[i] / capacities_[i];
    ++nknown;
  }
  for (std::size_t i = 0; i < rates.size(); ++i)
    if (rates[i] <= 0) rates[i] = capacities_[i] * (nknown > 0 ? pace / nknown : 1);
  return rates;
}

std::optional<std::uint64_t> PacedCounter::take() {
  const auto rates = expected();
  const double mine = rates[static_cast<std::size_t>(rank_)];
  double others = 0, fastest = 0;
  for (int rank = 0; rank < rates_.size(); ++rank) {
    if (rank == rank_ || leaving_.of(rank) != 0) continue;
    others += rates[static_cast<std::size_t>(rank)];
    fastest = std::max(fastest, rates[static_cast<std::size_t>(rank)]);
  }
  // The fastest of the others may be in the middle of an item. Among equals, or for the fastest, this is never true.
  const double left = static_cast<double>(n_ - taken());
  if (others > 0 && left / others + 1 / fastest < 1 / mine) {
    leaving_.set(1);
    return std::nullopt;
  }
  return counter_.take();
}

void PacedCounter::finish(double seconds) {
  seconds_ += seconds;
  ndone_ += 1;
  if (seconds_ > 0) rates_.set(ndone_ / seconds_);
}

}  // namespace zspex::comm
