#include "kernels/extract/trace_faults.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <utility>

#include "kernels/extract/grid.hpp"

namespace zspex::kernels {
namespace {

constexpr int nsample = 129;  // of a trace; cells of 32 rows and less, in which DESI's traces bend by 0.01 pixel

/// A trace by rows.
struct Sampled {
  int ispec = 0;
  std::vector<double> wave, x, y, sigma;  ///< [nsample]

  /// Value at a row, on a straight line through the samples next to it; traces are smooth.
  double at(double row, const std::vector<double>& values) const {
    const auto above = std::upper_bound(y.begin() + 1, y.end() - 1, row) - y.begin();
    const double part = (row - y[above - 1]) / (y[above] - y[above - 1]);
    return values[above - 1] + part * (values[above] - values[above - 1]);
  }
};

std::vector<double> even_samples(double first, double last) {
  std::vector<double> wave(nsample);
  for (int k = 0; k < nsample; ++k) wave[k] = first + (last - first) * k / (nsample - 1);
  return wave;
}

Sampled sample(const Psf& psf, int ispec, const std::vector<double>& wave) {
  Sampled out;
  out.ispec = ispec;
  out.wave = wave;
  for (double w : wave) {
    out.x.push_back(evaluate(psf.x, ispec, w));
    out.y.push_back(evaluate(psf.y, ispec, w));
    out.sigma.push_back(evaluate(psf.sigmax, ispec, w));
  }
  return out;
}

/// The first row that doesn't lie above the one before, or nsample.
int first_fall(const Sampled& trace) {
  for (int k = 1; k < nsample; ++k)
    if (!(trace.y[k] > trace.y[k - 1])) return k;
  return nsample;
}

bool touches_ccd(const Psf& psf, const Sampled& trace) {
  for (int k = 0; k < nsample; ++k) {
    const bool column = trace.x[k] > -0.5 - psf.hsizex && trace.x[k] < psf.npix_x - 0.5 + psf.hsizex;
    const bool row = trace.y[k] > -0.5 - psf.hsizey && trace.y[k] < psf.npix_y - 0.5 + psf.hsizey;
    if (column && row) return true;
  }
  return false;
}

std::string in_angstrom(double wave) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g Angstrom", wave);
  return text;
}

/// Why a trace can't be used at all; empty if it can.
std::string why_dark(const Psf& psf, const Sampled& fitted) {
  if (const int fall = first_fall(fitted); fall < nsample)
    return "its rows do not grow with wavelength at " + in_angstrom(fitted.wave[fall]);
  return touches_ccd(psf, fitted) ? "" : "its trace lies beside the CCD";
}

/// Where two traces can't be told apart, as wavelengths of each.
struct Conflict {
  struct Range {
    double first = HUGE_VAL, last = -HUGE_VAL;
    void add(double low, double high) {
      first = std::min(first, low);
      last = std::max(last, high);
    }
  };
  Range wave[2], close[2];  ///< crossing or close; close
};
using Conflicts = std::map<std::pair<std::size_t, std::size_t>, Conflict>;

/// Rows from the lowest to the highest of any trace, and the columns of all traces there.
class Comparison {
 public:
  explicit Comparison(const std::vector<Sampled>& traces) : traces_(traces) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (const Sampled& trace : traces) {
      low = std::min(low, trace.y.front());
      high = std::max(high, trace.y.back());
    }
    step_ = (high - low) / (nsample - 1);
    for (int k = 0; k < nsample; ++k) compare(low + k * step_);
  }
  Conflicts take() { return std::move(conflicts_); }

 private:
  void compare(double row) {
    const std::size_t n = traces_.size();
    std::vector<double> x(n), sigma(n);
    std::vector<bool> there(n);
    int growing = 0;
    bool fine = true;
    for (std::size_t s = 0; s < n; ++s) {
      // A little beyond its ends, too: there it has neighbors that reach further.
      there[s] = row >= traces_[s].y.front() - reach && row <= traces_[s].y.back() + reach;
      x[s] = there[s] ? traces_[s].at(row, traces_[s].x) : 0;
      sigma[s] = there[s] ? traces_[s].at(row, traces_[s].sigma) : 0;
      if (s > 0 && there[s] && there[s - 1]) growing += x[s] > x[s - 1] ? 1 : -1;
    }
    const double sign = growing < 0 ? -1 : 1;  // some cameras count from the right
    std::size_t before = n;
    for (std::size_t s = 0; s < n; ++s) {
      if (!there[s]) continue;
      if (before < n) fine &= sign * (x[s] - x[before]) >= least_separation * std::max(sigma[s], sigma[before]);
      before = s;
    }
    if (fine) return;
    for (std::size_t s = 0; s < n; ++s)
      for (std::size_t t = s + 1; t < n; ++t) {
        if (!there[s] || !there[t]) continue;
        const double apart = sign * (x[t] - x[s]), least = least_separation * std::max(sigma[s], sigma[t]);
        if (apart < least) note(s, t, row, std::abs(apart) < least);
      }
  }
  /// The range of a row and its neighbors.
  void note(std::size_t s, std::size_t t, double row, bool close) {
    Conflict& conflict = conflicts_[{s, t}];
    for (int side = 0; side < 2; ++side) {
      const Sampled& trace = traces_[side == 0 ? s : t];
      const double low = trace.at(row - step_, trace.wave), high = trace.at(row + step_, trace.wave);
      conflict.wave[side].add(low, high);
      if (close) conflict.close[side].add(low, high);
    }
  }

  static constexpr double reach = 40;  // rows; of one wavelength they differ by 25 within a bundle
  const std::vector<Sampled>& traces_;
  double step_ = 0;
  Conflicts conflicts_;
};

/// Fibers that are in the way of several others, those with most first; what remains are pairs.
std::vector<std::size_t> crossing_many(Conflicts& conflicts, std::size_t n) {
  std::vector<std::size_t> wild;
  for (;;) {
    std::vector<int> count(n);
    for (const auto& [pair, where] : conflicts) {
      ++count[pair.first];
      ++count[pair.second];
    }
    const auto most = std::max_element(count.begin(), count.end());
    if (most == count.end() || *most < 2) return wild;
    const auto worst = static_cast<std::size_t>(most - count.begin());
    wild.push_back(worst);
    std::erase_if(conflicts, [&](const auto& one) { return one.first.first == worst || one.first.second == worst; });
  }
}

}  // namespace

std::vector<TraceFault> find_trace_faults(const Psf& psf, const std::vector<double>& wave) {
  std::vector<TraceFault> faults = psf.faults;
  std::set<int> known;
  for (const TraceFault& fault : faults) known.insert(fault.ispec);
  const std::vector<double> fitted =
      even_samples(std::max(psf.x.wavemin, psf.y.wavemin), std::min(psf.x.wavemax, psf.y.wavemax));
  const std::vector<double> asked =
      wave.size() > 1 ? even_samples(wave.front(), wave.back()) : even_samples(wave.front() - 1, wave.front() + 1);
  std::vector<Sampled> good;
  for (int ispec = 0; ispec < psf.nspec; ++ispec) {
    if (known.count(ispec)) continue;
    if (const std::string why = why_dark(psf, sample(psf, ispec, fitted)); !why.empty()) {
      faults.push_back({ispec, 0, HUGE_VAL, true, why});
      continue;
    }
    // Outside the range of the fit a series may turn back; from there on its bins are dark (trace_fibers).
    if (Sampled trace = sample(psf, ispec, asked); first_fall(trace) == nsample) good.push_back(std::move(trace));
  }
  if (good.size() > 1) {
    Conflicts conflicts = Comparison(good).take();
    for (const std::size_t s : crossing_many(conflicts, good.size()))
      faults.push_back({good[s].ispec, 0, HUGE_VAL, true, "its trace lies on several others or crosses them"});
    for (const auto& [pair, where] : conflicts) {
      const int ispec[2] = {good[pair.first].ispec, good[pair.second].ispec};
      for (int side = 0; side < 2; ++side)
        faults.push_back({ispec[side], where.wave[side].first, where.wave[side].last, false,
                          "its trace crosses that of fiber " + std::to_string(ispec[1 - side]) +
                              ", or comes closer to it than " + std::to_string(least_separation).substr(0, 3) +
                              " sigma"});
      if (where.close[1].first <= where.close[1].last)
        faults.push_back({ispec[1], where.close[1].first, where.close[1].last, true, ""});
    }
  }
  std::stable_sort(faults.begin(), faults.end(), [](const auto& a, const auto& b) { return a.ispec < b.ispec; });
  return faults;
}

}  // namespace zspex::kernels
