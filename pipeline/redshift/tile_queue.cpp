#include "pipeline/redshift/tile_queue.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace zspex::pipeline {

TileQueue::TileQueue(const comm::Communicator& node, std::vector<Tile> tiles, int npart, int ngroup, int nslot)
    : tiles_(std::move(tiles)),
      cost_before_(1, 0.0),
      npart_(npart),
      ngroup_(ngroup),
      nslot_(nslot),
      state_(node, nfield + static_cast<std::size_t>(nslot) * nslot_field),
      whole_(node),
      together_(node),
      ends_(node, static_cast<std::uint32_t>(tiles_.size())) {
  for (const Tile& tile : tiles_) cost_before_.push_back(cost_before_.back() + tile.cost);
  if (node.is_root()) std::fill(state_.values().begin(), state_.values().end(), 0);
  state_.publish(node);
}

double TileQueue::cost_left() const {
  const auto left = ends_.left();
  return cost_before_[left.first + left.n] - cost_before_[left.first];
}

void TileQueue::set_rate(double value, bool takes_whole) {
  whole_.set(takes_whole ? value : 0);
  together_.set(takes_whole ? 0 : value);
}

void TileQueue::fail() {
  field(failed_field).store(1);
  ends_.stop();
}

template <class Ready>
bool TileQueue::wait_until(const Ready& ready) const {
  // First by looking again and again: what is waited for takes less than a millisecond as a rule. Then by sleeping, so that
  // ranks which share a core let the others work.
  constexpr int looks = 200;
  for (int i = 0; !ready(); ++i) {
    if (stopped()) return false;
    if (i < looks)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  return !stopped();
}

std::optional<int> TileQueue::take_whole() {
  const auto left = ends_.left();
  if (left.n == 0 || stopped()) return std::nullopt;
  const double mine = whole_.mine();
  const double others = whole_.sum_of_others() + (field(ended_field).load() != 0 ? 0 : together_.sum());
  const double cost = tiles_[left.first + left.n - 1].cost;
  if (mine > 0 && others > 0 && cost / mine > cost_left() / others) return std::nullopt;
  const auto taken = ends_.take_back();
  return taken ? std::optional(static_cast<int>(taken->first)) : std::nullopt;
}

bool TileQueue::open(std::uint64_t turn) {
  const int islot = static_cast<int>(turn % static_cast<std::uint64_t>(nslot_));
  // Turns are opened in order; and a slot when all have fitted their targets to its last tile.
  const bool ready = wait_until([&] { return field(opened_field).load() == turn || field(ended_field).load() != 0; }) &&
                     field(ended_field).load() == 0 && wait_until([&] {
                       return turn < static_cast<std::uint64_t>(nslot_) ||
                              slot(islot, fitted_field).load() == static_cast<std::uint64_t>(ngroup_);
                     });
  if (!ready) return false;
  const double ours = together_.sum(), whole = whole_.sum();
  const auto left = ends_.left();
  const bool late = left.n > 0 && ours > 0 && whole > 0 && tiles_[left.first].cost / ours > cost_left() / whole;
  const auto taken = late ? std::nullopt : ends_.take_front();
  if (!taken) {
    field(ended_field).store(1);
    return false;
  }
  slot(islot, tile_field).store(taken->first);
  slot(islot, rebinned_field).store(0);
  slot(islot, fitted_field).store(0);
  field(opened_field).store(turn + 1);
  return true;
}

std::optional<WorkItem> TileQueue::take_item() {
  const auto nitem = static_cast<std::uint64_t>(npart_ + ngroup_);
  const std::uint64_t item = field(next_item_field).fetch_add(1);
  const std::uint64_t turn = item / nitem;
  const int part = static_cast<int>(item % nitem), islot = static_cast<int>(turn % static_cast<std::uint64_t>(nslot_));
  if (part == 0 && !open(turn)) return std::nullopt;
  // A turn that is open has not been left by its items, so that its slot is still its own.
  if (!wait_until([&] { return field(opened_field).load() > turn || field(ended_field).load() != 0; }))
    return std::nullopt;
  if (field(opened_field).load() <= turn) return std::nullopt;
  WorkItem next;
  next.tile = static_cast<int>(slot(islot, tile_field).load());
  next.slot = islot;
  if (part < npart_) {
    next.part = part;
    return next;
  }
  next.kind = WorkItem::Kind::fit;
  next.part = part - npart_;
  if (!wait_until([&] { return slot(islot, rebinned_field).load() == static_cast<std::uint64_t>(npart_); }))
    return std::nullopt;
  return next;
}

void TileQueue::finish(const WorkItem& item) {
  slot(item.slot, item.kind == WorkItem::Kind::rebin ? rebinned_field : fitted_field).fetch_add(1);
}

std::size_t TileQueue::redshifts_taken() const {
  const auto left = ends_.left();
  std::size_t sum = 0;
  for (std::size_t i = 0; i < tiles_.size(); ++i)
    if (i < left.first || i >= left.first + left.n) sum += static_cast<std::size_t>(tiles_[i].nz);
  return sum;
}

}  // namespace zspex::pipeline
