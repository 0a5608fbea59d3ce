#include "kernels/redshift/coadd_exposures.hpp"

#include <algorithm>
#include <cmath>

namespace zspex::kernels {
namespace {

/// flux and ivar with masked pixels filled from their neighbors, so that gradients can be taken everywhere.
struct Filled {
  std::vector<double> flux, ivar;
};

/// \return false when no pixel is good
bool fill_gaps(const TargetSpectrum& spectrum, std::span<const double> wave, Filled& filled) {
  filled = {spectrum.flux, spectrum.ivar};
  const std::size_t n = wave.size();
  std::size_t before = n;  // the last good pixel
  for (std::size_t p = 0; p <= n; ++p) {
    if (p < n && !(spectrum.ivar[p] > 0)) continue;
    const std::size_t first = before == n ? 0 : before + 1;
    for (std::size_t gap = first; gap < p; ++gap) {
      const std::size_t left = before == n ? p : before, right = p == n ? before : p;
      if (left == n || right == n) return false;
      const double part = left == right ? 0 : (wave[gap] - wave[left]) / (wave[right] - wave[left]);
      filled.flux[gap] = spectrum.flux[left] + part * (spectrum.flux[right] - spectrum.flux[left]);
      filled.ivar[gap] = spectrum.ivar[left] + part * (spectrum.ivar[right] - spectrum.ivar[left]);
    }
    before = p;
  }
  return true;
}

/// ivar = 0 where an exposure's step from pixel to pixel stands out from the other exposures' (redrock.targets, but with
/// the mean of each pixel's own steps).
void reject_cosmics(std::vector<TargetSpectrum>& exposures, std::span<const double> wave, double nsig) {
  std::vector<Filled> filled;
  std::vector<TargetSpectrum*> used;
  for (auto& exposure : exposures) {
    Filled one;
    if (!fill_gaps(exposure, wave, one)) continue;
    filled.push_back(std::move(one));
    used.push_back(&exposure);
  }
  const std::size_t nused = used.size();
  if (nused < 2) return;
  std::vector<double> step(nused), weight(nused);
  for (std::size_t p = 1; p < wave.size(); ++p) {
    double sum = 0, mean = 0;
    for (std::size_t e = 0; e < nused; ++e) {
      step[e] = filled[e].flux[p] - filled[e].flux[p - 1];
      weight[e] = 1 / (1 / filled[e].ivar[p] + 1 / filled[e].ivar[p - 1]);
      sum += weight[e];
      mean += weight[e] * step[e];
    }
    mean /= sum;
    double chi2 = 0, most = -1;
    std::size_t worst = 0;
    for (std::size_t e = 0; e < nused; ++e) {
      const double pull = weight[e] * (step[e] - mean) * (step[e] - mean);
      chi2 += pull;
      if (pull > most) {
        most = pull;
        worst = e;
      }
    }
    if (chi2 / static_cast<double>(nused - 1) > nsig * nsig) used[worst]->ivar[p] = 0;
  }
}

}  // namespace

TargetSpectrum mask_pixels(const RawSpectrum& raw, int band, const PixelSettings& settings) {
  const std::size_t nwave = raw.flux.size();
  TargetSpectrum spectrum;
  spectrum.band = band;
  spectrum.ndiag = raw.ndiag;
  spectrum.flux.resize(nwave);
  spectrum.ivar.resize(nwave);
  spectrum.resolution.assign(raw.resolution.begin(), raw.resolution.end());
  for (std::size_t p = 0; p < nwave; ++p) {
    const bool finite = std::isfinite(raw.flux[p]) && std::isfinite(raw.ivar[p]);
    const double flux = std::isfinite(raw.flux[p]) ? raw.flux[p] : 0.0F, ivar = finite ? raw.ivar[p] : 0.0F;
    const bool absurd =
        settings.max_snr > 0 && std::fabs(flux) * std::sqrt(static_cast<double>(ivar)) > settings.max_snr;
    const bool masked = !(ivar > 0) || absurd || flux * std::sqrt(ivar) < -std::fabs(settings.negflux_nsig) ||
                        (!raw.mask.empty() && raw.mask[p] != 0);
    spectrum.flux[p] = flux;
    spectrum.ivar[p] = masked ? 0 : ivar;
  }
  // A value of R that isn't finite spoils the pixels whose rows it stands in, and those only.
  const int half = raw.ndiag / 2, n = static_cast<int>(nwave);
  for (int k = 0; k < raw.ndiag; ++k) {
    for (int column = 0; column < n; ++column) {
      float& value = spectrum.resolution[static_cast<std::size_t>(k) * nwave + column];
      if (std::isfinite(value)) continue;
      value = 0;
      const int row = column - half + k;
      if (row >= 0 && row < n) spectrum.ivar[row] = 0;
    }
  }
  return spectrum;
}

void mask_open_rows(TargetSpectrum& spectrum) {
  const int nwave = static_cast<int>(spectrum.flux.size()), half = spectrum.ndiag / 2;
  for (int p = 0; p < nwave; ++p) {
    double sum = 0;
    for (int k = 0; k < spectrum.ndiag; ++k) {
      const int column = p + half - k;
      if (column >= 0 && column < nwave) sum += spectrum.resolution[static_cast<std::size_t>(k) * nwave + column];
    }
    if (!(sum >= 0.99)) spectrum.ivar[p] = 0;
  }
}

TargetSpectrum coadd_exposures(std::span<const TargetSpectrum> exposures, std::span<const double> wave,
                               const PixelSettings& settings) {
  std::vector<TargetSpectrum> kept;
  if (settings.cosmics_nsig > 0 && exposures.size() > 1) {
    kept.assign(exposures.begin(), exposures.end());
    reject_cosmics(kept, wave, settings.cosmics_nsig);
    exposures = kept;
  }
  const std::size_t nwave = wave.size(), nexposure = exposures.size();
  TargetSpectrum coadd;
  coadd.band = exposures.front().band;
  coadd.ndiag = exposures.front().ndiag;
  coadd.flux.assign(nwave, 0);
  coadd.ivar.assign(nwave, 0);
  coadd.resolution.assign(coadd.ndiag * nwave, 0);
  for (std::size_t p = 0; p < nwave; ++p) {
    double weighted = 0, plain = 0, weight = 0;
    for (const auto& exposure : exposures) {
      weight += exposure.ivar[p];
      weighted += exposure.ivar[p] * exposure.flux[p];
      plain += exposure.flux[p];
    }
    coadd.ivar[p] = weight;
    coadd.flux[p] = weight != 0 ? weighted / weight : plain / static_cast<double>(nexposure);
    for (int k = 0; k < coadd.ndiag; ++k) {
      double sum = 0;
      for (const auto& exposure : exposures) sum += exposure.resolution[k * nwave + p] * exposure.ivar[p];
      coadd.resolution[k * nwave + p] = static_cast<float>(sum / (weight != 0 ? weight : 1));
    }
  }
  mask_open_rows(coadd);
  if (settings.skymask) mask_sky(coadd, wave);
  return coadd;
}

void mask_sky(TargetSpectrum& spectrum, std::span<const double> wave) {
  for (std::size_t p = 0; p < wave.size(); ++p)
    if ((wave[p] >= 5572 && wave[p] <= 5582) || (wave[p] >= 9792 && wave[p] <= 9795)) spectrum.ivar[p] = 0;
}

}  // namespace zspex::kernels
