#include "pipeline/redshift/scan_dynamic.hpp"

#include <algorithm>
#include <vector>

#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/cost.hpp"
#include "pipeline/redshift/slice.hpp"
#include "pipeline/redshift/slice_work.hpp"
#include "pipeline/redshift/team.hpp"
#include "pipeline/redshift/tile_queue.hpp"

namespace zspex::pipeline {
namespace {

constexpr int parts_of_a_tile = 8;  // that are rebinned by different ranks

class DynamicScanner final : public Scanner {
 public:
  explicit DynamicScanner(const ScanSetup& setup) : setup_(setup) {
    comm::agree(setup_.world, "make room for tiles", [&] {
      const auto& fitter = setup_.fitter;
      for (int it = 0; it < static_cast<int>(fitter.templates().size()); ++it) {
        const int most = slice_redshifts(fitter, it, setup_.config);
        const int nz = static_cast<int>(fitter.templates()[static_cast<std::size_t>(it)].redshifts.size());
        for (int first = 0; first < nz; first += most) {
          const int n = std::min(most, nz - first);
          tiles_.push_back({it, first, n, n * fit_operations(fitter, it)});
          constexpr std::size_t line = 16;  // tiles begin at cache lines
          tile_size_ = std::max(tile_size_, (fitter.slice_size(it, n) + line - 1) / line * line);
        }
      }
      if (!setup_.role.on_gpu) return;
      fits_ = SliceFitter(setup_);
      rebinner_ = Rebinner(setup_, fits_.place(), tile_size_);
      for (auto& tile : own_tiles_) tile = fits_.backend().allocate(tile_size_);
    });
    shared_ = TeamMemory(setup_.node, shared_tiles * tile_size_ * setup_.fitter.value_bytes());
  }

  void scan(ScanStore& store, const std::function<void(std::size_t nz)>& done) override {
    const std::size_t ntarget = setup_.fitter.ntarget();
    const int ngroup = static_cast<int>((ntarget + group_size() - 1) / group_size());  // of targets
    TileQueue queue(setup_.node, ntarget > 0 ? tiles_ : std::vector<Tile>(), parts_of_a_tile, ngroup, shared_tiles);
    std::size_t told = 0;
    const auto tell = [&] {
      if (!done) return;
      const std::size_t taken = queue.redshifts_taken();
      done(taken - told);
      told = taken;
    };
    comm::agree(setup_.world, "scan", [&] {
      try {
        do {
          if (setup_.role.on_gpu) scan_whole_tiles(queue, store, tell);
          scan_with_others(queue, store, tell);
        } while (setup_.role.on_gpu && queue.tiles_left());
      } catch (...) {
        queue.fail();
        throw;
      }
    });
    const Stopwatch watch;
    setup_.node.barrier();
    times_.wait += watch.seconds();
    tell();
    comm::agree(setup_.world, "scan", [&] {
      if (queue.tiles_left())
        throw CommError("scan",
                        "expected that all tiles are done, found some left. This is a defect of zspex; please "
                        "report it.");
    });
  }

 private:
  /// Targets that one rank fits to a tile in one go: so many that a tile is read once for several, for each thread; but so few
  /// that each rank of the node has some.
  std::size_t group_size() const {
    const auto nrank = static_cast<std::size_t>(setup_.node.size());
    const std::size_t each = (setup_.fitter.ntarget() + nrank - 1) / nrank;
    return std::clamp<std::size_t>(each, 1, 8 * kernels::host_concurrency());
  }

  void scan_whole_tiles(TileQueue& queue, ScanStore& store, const std::function<void()>& tell) {
    const std::size_t ntarget = setup_.fitter.ntarget();
    DeliveryRate rate;
    int turn = 0;
    while (const auto itile = queue.take_whole()) {
      const Tile& tile = queue.tiles()[static_cast<std::size_t>(*itile)];
      turn = 1 - turn;
      const double took = setup_.throttle.run([&] {
        const kernels::Values& slice = own_tiles_[turn];
        rebinner_.rebin(tile.itemplate, tile.first, tile.nz, slice);
        fits_.scan(tile.itemplate, tile.first, tile.nz, slice, {0, ntarget}, store.rows(tile.itemplate));
      });
      times_.scan += took;
      times_.nfit += static_cast<double>(tile.nz) * static_cast<double>(ntarget);
      rate.add(tile.cost * static_cast<double>(ntarget), took);
      if (rate.known()) queue.set_rate(rate.value(), true);
      tell();
    }
    times_.scan += setup_.throttle.run([&] { fits_.finish(); });
    queue.set_rate(0, false);
  }

  void scan_with_others(TileQueue& queue, ScanStore& store, const std::function<void()>& tell) {
    double cost = 0, seconds = 0;
    Stopwatch waiting;
    while (const auto item = queue.take_item()) {
      times_.wait += waiting.seconds();
      const Tile& tile = queue.tiles()[static_cast<std::size_t>(item->tile)];
      if (item->kind == WorkItem::Kind::rebin) {
        times_.rebin += setup_.throttle.run([&] { rebin(tile, *item); });
      } else {
        const std::size_t first = static_cast<std::size_t>(item->part) * group_size();
        const std::size_t n = std::min(group_size(), setup_.fitter.ntarget() - first);
        const double took = setup_.throttle.run([&] {
          setup_.fitter.backend(kernels::BackendKind::host)
              .scan(tile.itemplate, tile.first, tile.nz, slice(item->slot), {first, n}, store.rows(tile.itemplate));
        });
        times_.scan += took;
        times_.nfit += static_cast<double>(tile.nz) * static_cast<double>(n);
        cost += tile.cost * static_cast<double>(n);
        seconds += took;
        queue.set_rate(cost / seconds, false);
      }
      queue.finish(*item);
      tell();
      waiting = {};
    }
    times_.wait += waiting.seconds();
  }

  kernels::Values slice(int islot) const {
    return shared_.values(setup_.fitter).from(static_cast<std::size_t>(islot) * tile_size_);
  }

  /// Some redshifts of a tile.
  void rebin(const Tile& tile, const WorkItem& item) const {
    const int first = tile.nz * item.part / parts_of_a_tile, last = tile.nz * (item.part + 1) / parts_of_a_tile;
    if (first == last) return;
    setup_.fitter.backend(kernels::BackendKind::host)
        .rebin(tile.itemplate, tile.first + first, last - first,
               slice(item.slot).from(setup_.fitter.slice_size(tile.itemplate, first)));
  }

  ScanSetup setup_;
  std::vector<Tile> tiles_;
  std::size_t tile_size_ = 0;  ///< values
  TeamMemory shared_;
  // Of a GPU rank: the next tile is rebinned while the last is still in use.
  Rebinner rebinner_;
  SliceFitter fits_;
  kernels::Values own_tiles_[2];
};

}  // namespace

std::unique_ptr<Scanner> make_dynamic_scanner(const ScanSetup& setup) {
  return std::make_unique<DynamicScanner>(setup);
}

}  // namespace zspex::pipeline
