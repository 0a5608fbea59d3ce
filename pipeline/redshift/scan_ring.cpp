#include "pipeline/redshift/scan_ring.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/slice.hpp"
#include "pipeline/redshift/slice_work.hpp"
#include "pipeline/redshift/team.hpp"

namespace zspex::pipeline {
namespace {

class RingScanner final : public Scanner {
 public:
  explicit RingScanner(const ScanSetup& setup) : setup_(setup) {
    comm::agree(setup_.world, "make room for slices", [&] { make_room(); });
  }

  void scan(ScanStore& store, const std::function<void(std::size_t nz)>& done) override {
    for (int it = 0; it < static_cast<int>(setup_.fitter.templates().size()); ++it) scan_template(it, store, done);
  }

 private:
  const kernels::Template& tmpl(int it) const { return setup_.fitter.templates()[static_cast<std::size_t>(it)]; }

  void make_room() {
    std::size_t most = 0;
    for (int it = 0; it < static_cast<int>(setup_.fitter.templates().size()); ++it)
      most = std::max(most, setup_.fitter.slice_size(it, slice_redshifts(setup_.fitter, it, setup_.config)));
    const kernels::FitBackend& host = setup_.fitter.backend(kernels::BackendKind::host);
    held_ = host.allocate(most);
    coming_ = host.allocate(most);
    rebinner_ = Rebinner(setup_, kernels::BackendKind::host, most);
    fits_ = SliceFitter(setup_);
    if (fits_.place() == kernels::BackendKind::device)
      for (auto& slice : device_slices_) slice = fits_.backend().allocate(most);
  }

  void scan_template(int it, ScanStore& store, const std::function<void(std::size_t nz)>& done) {
    const int nrank = setup_.world.size(), rank = setup_.world.rank();
    const int nz = static_cast<int>(tmpl(it).redshifts.size());
    const int slice = slice_redshifts(setup_.fitter, it, setup_.config);
    const auto before = (rank + nrank - 1) % nrank, after = (rank + 1) % nrank;
    for (int first = 0; first < nz; first += slice * nrank) {
      const int n = std::min(slice * nrank, nz - first);
      // Slice i of this turn is [begin(i), begin(i + 1)).
      const auto begin = [&](int i) { return first + static_cast<int>(static_cast<long long>(n) * i / nrank); };
      const auto bytes = [&](const kernels::Values& values, int i) {
        return bytes_of(values.from(0, setup_.fitter.slice_size(it, begin(i + 1) - begin(i))));
      };
      int mine = rank;
      times_.rebin +=
          setup_.throttle.run([&] { rebinner_.rebin(it, begin(mine), begin(mine + 1) - begin(mine), held_); });
      for (int step = 0; step < nrank; ++step) {
        const int next = (mine + nrank - 1) % nrank;
        std::optional<comm::Exchange> exchange;
        if (step + 1 < nrank) exchange.emplace(setup_.world, bytes(held_, mine), after, bytes(coming_, next), before);
        fit(it, begin(mine), begin(mine + 1) - begin(mine), store);
        if (!exchange) break;
        const Stopwatch watch;
        exchange->wait();
        times_.wait += watch.seconds();
        std::swap(held_, coming_);
        mine = next;
      }
      times_.scan += setup_.throttle.run([&] { fits_.finish(); });
      if (done) done(static_cast<std::size_t>(n));
    }
  }

  /// Fits this rank's targets to the slice that it holds.
  void fit(int it, int first, int nz, ScanStore& store) {
    const std::size_t ntarget = setup_.fitter.ntarget();
    if (nz == 0 || ntarget == 0) return;
    times_.nfit += static_cast<double>(nz) * static_cast<double>(ntarget);
    times_.scan += setup_.throttle.run([&] {
      const kernels::Values* slice = &held_;
      if (fits_.place() == kernels::BackendKind::device) {
        turn_ = 1 - turn_;  // the slice before may still be in use there
        slice = &device_slices_[turn_];
        fits_.backend().copy_in(*slice, held_.from(0, setup_.fitter.slice_size(it, nz)));
      }
      fits_.scan(it, first, nz, *slice, {0, ntarget}, store.rows(it));
    });
  }

  ScanSetup setup_;
  Rebinner rebinner_;
  SliceFitter fits_;
  kernels::Values held_, coming_, device_slices_[2];
  int turn_ = 0;
};

}  // namespace

std::unique_ptr<Scanner> make_ring_scanner(const ScanSetup& setup) { return std::make_unique<RingScanner>(setup); }

}  // namespace zspex::pipeline
