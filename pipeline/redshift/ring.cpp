#include "pipeline/redshift/ring.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "config/base/error.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

ScanRing::ScanRing(const comm::Communicator& world, const kernels::RedshiftFitter& fitter, std::size_t memory)
    : world_(world), fitter_(fitter), memory_(memory) {}

int ScanRing::slice_redshifts(int itemplate) const {
  constexpr std::size_t enough = 32;
  const std::size_t one = fitter_.slice_bytes(itemplate, 1), fit = memory_ / 2 / one;
  if (fit == 0) {
    char needed[32], found[32];
    std::snprintf(needed, sizeof needed, "%.3g", static_cast<double>(2 * one) / gibibyte);
    std::snprintf(found, sizeof found, "%.3g", static_cast<double>(memory_) / gibibyte);
    throw ConfigError("configuration", "redshift.memory",
                      "expected at least " + std::string(needed) + " GiB, for two redshifts of template " +
                          fitter_.templates()[itemplate].full_type() + ", found " + found + ". Raise it.");
  }
  return static_cast<int>(std::min(fit, enough));
}

void ScanRing::scan(int itemplate, std::size_t ibatch, kernels::Zscan& scan, const std::function<void(int nz)>& done) {
  const int nrank = world_.size(), rank = world_.rank();
  const int nz = static_cast<int>(fitter_.templates()[itemplate].redshifts.size());
  const int slice = slice_redshifts(itemplate);
  const auto before = (rank + nrank - 1) % nrank, after = (rank + 1) % nrank;
  for (int first = 0; first < nz; first += slice * nrank) {
    const int n = std::min(slice * nrank, nz - first);
    // Slice i of this turn is [begin(i), begin(i + 1)).
    const auto begin = [&](int i) { return first + static_cast<int>(static_cast<long long>(n) * i / nrank); };
    const auto bytes = [&](int i) { return fitter_.slice_bytes(itemplate, begin(i + 1) - begin(i)); };
    int mine = rank;
    Stopwatch watch;
    held_.resize(bytes(mine));
    fitter_.rebin(itemplate, begin(mine), begin(mine + 1) - begin(mine), held_);
    times_.rebin += watch.seconds();
    for (int step = 0; step < nrank; ++step) {
      const int next = (mine + nrank - 1) % nrank;
      std::optional<comm::Exchange> exchange;
      if (step + 1 < nrank) {
        coming_.resize(bytes(next));
        exchange.emplace(world_, held_, after, coming_, before);
      }
      watch = {};
      fitter_.scan(itemplate, begin(mine), begin(mine + 1) - begin(mine), held_, scan, ibatch);
      times_.scan += watch.seconds();
      if (!exchange) break;
      watch = {};
      exchange->wait();
      times_.wait += watch.seconds();
      std::swap(held_, coming_);
      mine = next;
    }
    if (done) done(n);
  }
}

}  // namespace zspex::pipeline
