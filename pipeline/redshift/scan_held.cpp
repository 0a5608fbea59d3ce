#include "pipeline/redshift/scan_held.hpp"

#include <algorithm>
#include <vector>

#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/node_shared.hpp"
#include "pipeline/redshift/slice.hpp"
#include "pipeline/redshift/slice_work.hpp"
#include "pipeline/redshift/team.hpp"

namespace zspex::pipeline {
namespace {

class HeldScanner final : public Scanner {
 public:
  explicit HeldScanner(const ScanSetup& setup) : setup_(setup) {
    for (int it = 0; it < ntemplate(); ++it) {
      at_.push_back(size_);
      size_ += setup_.fitter.slice_size(it, nz_of(it));
      most_ = std::max(most_, setup_.fitter.slice_size(it, std::min(slice_of(it), nz_of(it))));
    }
    comm::agree(setup_.world, "make room for fits", [&] { fits_ = SliceFitter(setup_); });
    if (setup_.strategy.templates == Holding::node) share();
    if (setup_.strategy.templates == Holding::gathered) collect();
  }

  void scan(ScanStore& store, const std::function<void(std::size_t nz)>& done) override {
    const std::size_t ntarget = setup_.fitter.ntarget();
    if (setup_.strategy.templates == Holding::full)
      comm::agree(setup_.world, "rebin the templates", [&] {
        if (ntarget > 0 && templates_.size() == 0) rebin_all();  // a rank that never has targets needs none
      });
    for (int it = 0; it < ntemplate(); ++it) {
      const kernels::ScanRows rows = store.rows(it);
      for (int first = 0; first < nz_of(it); first += slice_of(it)) {
        const int nz = std::min(slice_of(it), nz_of(it) - first);
        times_.scan += setup_.throttle.run([&] {
          if (ntarget > 0) fits_.scan(it, first, nz, slice(it, first), {0, ntarget}, rows);
        });
        times_.nfit += static_cast<double>(nz) * static_cast<double>(ntarget);
        if (done) done(static_cast<std::size_t>(nz));
      }
    }
    times_.scan += setup_.throttle.run([&] { fits_.finish(); });
  }

 private:
  int ntemplate() const { return static_cast<int>(setup_.fitter.templates().size()); }
  int nz_of(int it) const {
    return static_cast<int>(setup_.fitter.templates()[static_cast<std::size_t>(it)].redshifts.size());
  }
  /// Redshifts that are worked on in one go.
  int slice_of(int it) const { return slice_redshifts(setup_.fitter, it, setup_.config); }
  kernels::Values slice(int it, int first) const {
    return templates_.from(at_[static_cast<std::size_t>(it)] + setup_.fitter.slice_size(it, first));
  }
  /// Some redshifts of a template, slice by slice.
  void rebin(const Rebinner& rebinner, int it, int begin, int end) {
    for (int first = begin; first < end; first += slice_of(it))
      rebinner.rebin(it, first, std::min(slice_of(it), end - first), slice(it, first));
  }

  /// Each rank by itself.
  void rebin_all() {
    times_.rebin += setup_.throttle.run([&] {
      templates_ = fits_.backend().allocate(size_);
      const Rebinner rebinner(setup_, fits_.place(), most_);
      for (int it = 0; it < ntemplate(); ++it) rebin(rebinner, it, 0, nz_of(it));
      fits_.backend().finish();
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
      for (int first = 0; first < nz_of(it); first += slice_of(it))
        pieces.push_back({it, first, std::min(slice_of(it), nz_of(it) - first)});
    comm::WorkCounter counter(setup_.node);
    counter.restart(setup_.node, pieces.size());
    comm::agree(setup_.world, "rebin the templates", [&] {
      const Rebinner rebinner(setup_, kernels::BackendKind::host, most_);
      while (const auto item = counter.take()) {
        const Piece& piece = pieces[*item];
        times_.rebin +=
            setup_.throttle.run([&] { rebinner.rebin(piece.it, piece.first, piece.nz, slice(piece.it, piece.first)); });
      }
    });
    const Stopwatch watch;
    shared_.publish(setup_.node);
    times_.wait += watch.seconds();
    move_in();
  }

  /// Each rank rebins a part of each template's redshifts, and gets those of the others.
  void collect() {
    const int nrank = setup_.world.size(), rank = setup_.world.rank();
    const auto begin = [&](int it, int i) { return static_cast<int>(static_cast<long long>(nz_of(it)) * i / nrank); };
    comm::agree(setup_.world, "rebin the templates", [&] {
      times_.rebin += setup_.throttle.run([&] {
        templates_ = setup_.fitter.backend(kernels::BackendKind::host).allocate(size_);
        const Rebinner rebinner(setup_, kernels::BackendKind::host, most_);
        for (int it = 0; it < ntemplate(); ++it) rebin(rebinner, it, begin(it, rank), begin(it, rank + 1));
      });
    });
    const Stopwatch watch;
    for (int it = 0; it < ntemplate(); ++it)
      for (int i = 0; i < nrank; ++i) {
        const std::size_t size = setup_.fitter.slice_size(it, begin(it, i + 1) - begin(it, i));
        if (size > 0) comm::broadcast(setup_.world, bytes_of(slice(it, begin(it, i)).from(0, size)), i);
      }
    times_.wait += watch.seconds();
    move_in();
  }

  /// Templates that lie on the host go to where they are fitted.
  void move_in() {
    comm::agree(setup_.world, "copy the templates to the GPU", [&] {
      if (fits_.place() == kernels::BackendKind::host) return;
      times_.rebin += setup_.throttle.run([&] {
        const kernels::Values there = fits_.backend().allocate(size_);
        fits_.backend().copy_in(there, templates_);
        templates_ = there;
      });
    });
  }

  ScanSetup setup_;
  SliceFitter fits_;
  std::vector<std::size_t> at_;  ///< [ntemplate] where each begins
  std::size_t size_ = 0;         ///< values of all redshifts
  std::size_t most_ = 0;         ///< of the largest slice
  TeamMemory shared_;
  kernels::Values templates_;  ///< all of them, where they are fitted
};

}  // namespace

std::unique_ptr<Scanner> make_held_scanner(const ScanSetup& setup) { return std::make_unique<HeldScanner>(setup); }

}  // namespace zspex::pipeline
