#include "pipeline/redshift/scan_ring.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/slice.hpp"
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
    std::size_t most = 0, columns = 0;
    for (int it = 0; it < static_cast<int>(setup_.fitter.templates().size()); ++it) {
      const int nz = slice_redshifts(setup_.fitter, it, setup_.config);
      most = std::max(most, setup_.fitter.slice_size(it, nz));
      columns = std::max(columns, setup_.fitter.columns_size(it, nz));
    }
    const kernels::FitBackend& host = setup_.fitter.backend(kernels::BackendKind::host);
    held_ = host.allocate(most);
    coming_ = host.allocate(most);
    if (!setup_.role.on_gpu) return;
    const kernels::FitBackend& device = setup_.fitter.backend(kernels::BackendKind::device);
    if (setup_.strategy.convolve == kernels::BackendKind::device) {
      for (auto& slice : device_slices_) slice = device.allocate(most);
    } else {
      columns_ = host.allocate(columns);
      device_columns_ = device.allocate(columns);
    }
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
      times_.rebin += setup_.throttle.run([&] {
        setup_.fitter.backend(kernels::BackendKind::host).rebin(it, begin(mine), begin(mine + 1) - begin(mine), held_);
      });
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
      times_.scan += setup_.throttle.run([&] {
        if (setup_.role.on_gpu) setup_.fitter.backend(kernels::BackendKind::device).finish();
      });
      if (done) done(static_cast<std::size_t>(n));
    }
  }

  /// Fits this rank's targets to the slice that it holds.
  void fit(int it, int first, int nz, ScanStore& store) {
    const std::size_t ntarget = setup_.fitter.ntarget();
    if (nz == 0 || ntarget == 0) return;
    const kernels::ScanRows rows = store.rows(it);
    times_.nfit += static_cast<double>(nz) * static_cast<double>(ntarget);
    times_.scan += setup_.throttle.run([&] {
      const kernels::FitBackend& host = setup_.fitter.backend(kernels::BackendKind::host);
      if (!setup_.role.on_gpu) return host.scan(it, first, nz, held_, {0, ntarget}, rows);
      const kernels::FitBackend& device = setup_.fitter.backend(kernels::BackendKind::device);
      if (setup_.strategy.convolve == kernels::BackendKind::device) {
        // The slice before may still be in use there.
        turn_ = 1 - turn_;
        device.copy_in(device_slices_[turn_], held_.from(0, setup_.fitter.slice_size(it, nz)));
        device.scan(it, first, nz, device_slices_[turn_], {0, ntarget}, rows);
        return;
      }
      for (std::size_t i = 0; i < ntarget; ++i) {
        const std::size_t size = setup_.fitter.columns_size_of(i, it, nz);
        reserve_columns(size);
        setup_.fitter.convolve(it, nz, held_, i, columns_);
        device.copy_in(device_columns_, columns_.from(0, size));
        device.fit_columns(it, first, nz, held_, device_columns_, i, rows);
      }
    });
  }

  /// More than one spectrum per band needs more memory.
  void reserve_columns(std::size_t size) {
    if (size <= columns_.size()) return;
    columns_ = setup_.fitter.backend(kernels::BackendKind::host).allocate(size);
    device_columns_ = setup_.fitter.backend(kernels::BackendKind::device).allocate(size);
  }

  ScanSetup setup_;
  kernels::Values held_, coming_, columns_, device_columns_;
  kernels::Values device_slices_[2];
  int turn_ = 0;
};

}  // namespace

std::unique_ptr<Scanner> make_ring_scanner(const ScanSetup& setup) { return std::make_unique<RingScanner>(setup); }

}  // namespace zspex::pipeline
