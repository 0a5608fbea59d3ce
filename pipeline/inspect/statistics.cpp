#include "pipeline/inspect/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/median.hpp"

namespace zspex::pipeline {

bool is_good(const io::Frame& frame, std::size_t ispec, std::size_t iwave) {
  const float ivar = frame.ivar(ispec, iwave);
  return frame.mask(ispec, iwave) == 0 && ivar > 0 && std::isfinite(ivar) && std::isfinite(frame.flux(ispec, iwave));
}

FrameStatistics frame_statistics(const io::Frame& frame, std::size_t first, std::size_t n) {
  FrameStatistics out;
  std::size_t masked = 0, empty = 0;
  std::vector<double> flux, snr, chi2pix;
  for (std::size_t ispec = first; ispec < first + n; ++ispec) {
    const std::size_t before = out.ngood;
    for (std::size_t iwave = 0; iwave < frame.wave.size(); ++iwave) {
      ++out.nbin;
      masked += frame.mask(ispec, iwave) != 0;
      empty += !(frame.ivar(ispec, iwave) > 0);
      if (!is_good(frame, ispec, iwave)) continue;
      ++out.ngood;
      const double value = frame.flux(ispec, iwave);
      flux.push_back(value);
      snr.push_back(value * std::sqrt(static_cast<double>(frame.ivar(ispec, iwave))));
      if (!frame.chi2pix.empty() && std::isfinite(frame.chi2pix(ispec, iwave)))
        chi2pix.push_back(frame.chi2pix(ispec, iwave));
    }
    out.ndead += out.ngood == before;
  }
  out.median_flux = median(flux);
  out.median_snr = median(snr);
  out.median_chi2pix = median(chi2pix);
  if (out.nbin > 0) {
    out.masked_fraction = static_cast<double>(masked) / static_cast<double>(out.nbin);
    out.empty_fraction = static_cast<double>(empty) / static_cast<double>(out.nbin);
  }
  return out;
}

}  // namespace zspex::pipeline
