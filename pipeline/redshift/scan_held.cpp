#include "pipeline/redshift/scan_held.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/node_shared.hpp"
#include "pipeline/redshift/team.hpp"

namespace zspex::pipeline {
namespace {

class HeldScanner final : public Scanner {
 public:
  explicit HeldScanner(const ScanSetup& setup) : setup_(setup) {
    for (int it = 0; it < ntemplate(); ++it) {
      at_.push_back(size_);
      size_ += setup_.fitter.slice_size(it, nz_of(it));
    }
    if (setup_.strategy.templates == Holding::node)
      share();
    else
      comm::agree(setup_.world, "rebin the templates", [&] { rebin_all(); });
  }

  void scan(ScanStore& store, const std::function<void(std::size_t nz)>& done) override {
    const kernels::FitBackend& backend = setup_.fitter.backend(kind());
    const std::size_t ntarget = setup_.fitter.ntarget();
    for (int it = 0; it < ntemplate(); ++it) {
      const kernels::ScanRows rows = store.rows(it);
      for (int first = 0; first < nz_of(it); first += setup_.config.slice) {
        const int nz = std::min(setup_.config.slice, nz_of(it) - first);
        times_.scan += setup_.throttle.run([&] {
          if (ntarget > 0) backend.scan(it, first, nz, slice(it, first), {0, ntarget}, rows);
        });
        times_.nfit += static_cast<double>(nz) * static_cast<double>(ntarget);
        if (done) done(static_cast<std::size_t>(nz));
      }
    }
    times_.scan += setup_.throttle.run([&] { backend.finish(); });
  }

 private:
  kernels::BackendKind kind() const { return setup_.backend(setup_.strategy.fit); }
  int ntemplate() const { return static_cast<int>(setup_.fitter.templates().size()); }
  int nz_of(int it) const {
    return static_cast<int>(setup_.fitter.templates()[static_cast<std::size_t>(it)].redshifts.size());
  }
  kernels::Values slice(int it, int first) const {
    return templates_.from(at_[static_cast<std::size_t>(it)] + setup_.fitter.slice_size(it, first));
  }

  void rebin_all() {
    const kernels::FitBackend& backend = setup_.fitter.backend(kind());
    times_.rebin += setup_.throttle.run([&] {
      templates_ = backend.allocate(size_);
      for (int it = 0; it < ntemplate(); ++it)
        for (int first = 0; first < nz_of(it); first += setup_.config.slice)
          backend.rebin(it, first, std::min(setup_.config.slice, nz_of(it) - first), slice(it, first));
      backend.finish();
    });
  }

  /// The ranks of the node take slices in turn and rebin them into memory that they share.
  void share() {
    times_.rebin +=
        setup_.throttle.run([&] { shared_ = TeamMemory(setup_.node, size_ * setup_.fitter.value_bytes()); });
    templates_ = shared_.values(setup_.fitter);
    struct Piece {
      int it, first, nz;
    };
    std::vector<Piece> pieces;
    for (int it = 0; it < ntemplate(); ++it)
      for (int first = 0; first < nz_of(it); first += setup_.config.slice)
        pieces.push_back({it, first, std::min(setup_.config.slice, nz_of(it) - first)});
    comm::WorkCounter counter(setup_.node);
    counter.restart(setup_.node, pieces.size());
    comm::agree(setup_.world, "rebin the templates", [&] {
      const kernels::FitBackend& host = setup_.fitter.backend(kernels::BackendKind::host);
      while (const auto item = counter.take()) {
        const Piece& piece = pieces[*item];
        times_.rebin +=
            setup_.throttle.run([&] { host.rebin(piece.it, piece.first, piece.nz, slice(piece.it, piece.first)); });
      }
    });
    const Stopwatch watch;
    shared_.publish(setup_.node);
    times_.wait += watch.seconds();
    comm::agree(setup_.world, "copy the templates to the GPU", [&] {
      if (!setup_.role.on_gpu) return;
      times_.rebin += setup_.throttle.run([&] {
        const kernels::FitBackend& device = setup_.fitter.backend(kernels::BackendKind::device);
        templates_ = device.allocate(size_);
        device.copy_in(templates_, shared_.values(setup_.fitter));
      });
    });
  }

  ScanSetup setup_;
  std::vector<std::size_t> at_;  ///< [ntemplate] where each begins
  std::size_t size_ = 0;
  TeamMemory shared_;
  kernels::Values templates_;  ///< all of them, where they are fitted
};

}  // namespace

std::unique_ptr<Scanner> make_held_scanner(const ScanSetup& setup) { return std::make_unique<HeldScanner>(setup); }

}  // namespace zspex::pipeline
