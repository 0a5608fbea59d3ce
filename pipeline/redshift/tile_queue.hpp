/// \file
/// Tiles (slices of the redshifts of a template), dealt to the ranks of a node while they work. GPU ranks take whole tiles
/// from the back of the row. The CPU ranks together take tiles from the front: of each, parts are rebinned into memory that
/// they share and then groups of targets are fitted to it, whoever is free taking the next part or group.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "pipeline/comm/node_shared.hpp"
#include "pipeline/comm/paced_counter.hpp"
#include "pipeline/comm/shared_work_deque.hpp"

namespace zspex::pipeline {

struct Tile {
  int itemplate = 0, first = 0, nz = 0;
  double cost = 0;  ///< operations to fit one target to it
};

/// One rank's next piece of work on a tile.
struct WorkItem {
  enum class Kind { rebin, fit };
  Kind kind = Kind::rebin;
  int tile = 0, slot = 0;  ///< which tile, and which of the shared slices it is in
  int part = 0;            ///< which part is rebinned, or which group of targets is fitted
};

/// The rate of a device that goes on while the host gives it the next tile: a call returns when the tile before is done, so
/// that its time is that tile's. The first call only starts one, and the second may have waited for the device to wake.
class DeliveryRate {
 public:
  /// A call that has given the device a tile of so much work.
  void add(double cost, double seconds) {
    if (++ncall_ > 2) {
      cost_ += before_;
      seconds_ += seconds;
    }
    before_ = cost;
  }
  bool known() const { return seconds_ > 0; }
  double value() const { return cost_ / seconds_; }

 private:
  int ncall_ = 0;
  double before_ = 0, cost_ = 0, seconds_ = 0;
};

class TileQueue {
 public:
  /// Collective over the node; the same arguments on all its ranks.
  /// \param npart   parts of a tile that are rebinned
  /// \param ngroup  groups of targets
  /// \param nslot   slices that are shared; with two or more, the next tile is rebinned while the last groups are
  ///                fitted
  TileQueue(const comm::Communicator& node, std::vector<Tile> tiles, int npart, int ngroup, int nslot);

  const std::vector<Tile>& tiles() const { return tiles_; }

  /// For GPU ranks: a tile of their own. Nothing when none is left, or when the others would be done with all the rest
  /// before this rank is with one: it joins the CPU ranks then.
  std::optional<int> take_whole();
  /// For CPU ranks: what is next. Waits where others must first be done with theirs; nothing when all is given out, or when
  /// the GPU ranks will be done with the rest before the CPU ranks are with one more tile.
  std::optional<WorkItem> take_item();
  /// An item of take_item() is done.
  void finish(const WorkItem& item);
  /// This rank's rate from now on: cost by target and second; as one that takes whole tiles, or not.
  void set_rate(double rate, bool takes_whole);
  /// A rank has failed: all waiting ends, and nothing more is given out.
  void fail();

  /// Whether tiles are left that nobody has taken. When the CPU ranks have ended before, GPU ranks go on with them.
  bool tiles_left() const { return ends_.left().n > 0 && !stopped(); }
  /// Redshifts of tiles that are done or being worked on.
  std::size_t redshifts_taken() const;

 private:
  using Atomic = std::atomic_ref<std::uint64_t>;
  enum Field : std::size_t { next_item_field, opened_field, ended_field, failed_field, nfield };
  enum SlotField : std::size_t { tile_field, rebinned_field, fitted_field, nslot_field };

  Atomic field(Field which) const { return Atomic(state_.values()[which]); }
  Atomic slot(int islot, SlotField which) const {
    return Atomic(state_.values()[nfield + static_cast<std::size_t>(islot) * nslot_field + which]);
  }
  double cost_left() const;
  bool stopped() const { return field(failed_field).load() != 0; }
  /// Waits until `ready`. \return false when somebody has failed
  template <class Ready>
  bool wait_until(const Ready& ready) const;
  /// Puts the next tile into its slot. \return false when there is none
  bool open(std::uint64_t turn);

  std::vector<Tile> tiles_;
  std::vector<double> cost_before_;  ///< [ntile + 1] of all tiles before
  int npart_, ngroup_, nslot_;
  comm::NodeShared<std::uint64_t> state_;
  comm::SharedRates whole_, together_;  ///< of ranks that take whole tiles, and of the others
  comm::SharedWorkDeque ends_;
};

}  // namespace zspex::pipeline
