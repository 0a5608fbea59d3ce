#include "simulate/light.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace zspex::simulate {

LightBins make_light_bins(std::span<const double> wave, double dwave, int pad_low, int pad_high, int oversample) {
  LightBins bins;
  bins.nwave = static_cast<int>(wave.size());
  bins.pad_low = pad_low;
  bins.pad_high = pad_high;
  bins.oversample = oversample;
  bins.width = dwave / oversample;
  bins.wave.reserve((wave.size() + static_cast<std::size_t>(pad_low + pad_high)) *
                    static_cast<std::size_t>(oversample));
  for (int iwave = -pad_low; iwave < bins.nwave + pad_high; ++iwave) {
    // Inside, the centers are the extraction's own numbers: numpy's arange is not wavemin + i * dwave to the last bit.
    double center;
    if (iwave < 0)
      center = wave.front() + iwave * dwave;
    else if (iwave >= bins.nwave)
      center = wave.back() + (iwave - bins.nwave + 1) * dwave;
    else
      center = wave[static_cast<std::size_t>(iwave)];
    for (int part = 0; part < oversample; ++part)
      bins.wave.push_back(oversample == 1 ? center : center + (part - (oversample - 1) / 2.0) * bins.width);
  }
  return bins;
}

std::vector<double> on_extraction_grid(const LightBins& bins, std::span<const double> density) {
  std::vector<double> mean(static_cast<std::size_t>(bins.nwave));
  const auto parts = static_cast<std::size_t>(bins.oversample);
  for (std::size_t iwave = 0; iwave < mean.size(); ++iwave) {
    double sum = 0;
    for (std::size_t part = 0; part < parts; ++part)
      sum += density[(iwave + static_cast<std::size_t>(bins.pad_low)) * parts + part];
    mean[iwave] = sum / bins.oversample;
  }
  return mean;
}

void add_line(const LightBins& bins, double wave, double sigma, double strength, std::span<double> density) {
  if (bins.wave.empty()) return;
  const double reach = 6 * sigma + bins.width, first = bins.wave.front();
  const auto low = static_cast<long long>(std::floor((wave - reach - first) / bins.width));
  const auto high = static_cast<long long>(std::ceil((wave + reach - first) / bins.width));
  const auto begin = std::max(0LL, low), end = std::min(static_cast<long long>(bins.size()), high + 1);
  for (long long ibin = begin; ibin < end; ++ibin) {
    const double scale = std::numbers::sqrt2 * sigma, center = bins.wave[static_cast<std::size_t>(ibin)] - wave;
    const double part =
        0.5 * (std::erf((center + bins.width / 2) / scale) - std::erf((center - bins.width / 2) / scale));
    density[static_cast<std::size_t>(ibin)] += strength * part / bins.width;
  }
}

double Curve::operator()(double at) const {
  const auto above = std::upper_bound(wave.begin(), wave.end(), at);
  if (above == wave.begin()) return value.front();
  if (above == wave.end()) return value.back();
  const auto i = static_cast<std::size_t>(above - wave.begin());
  return value[i - 1] + (value[i] - value[i - 1]) * (at - wave[i - 1]) / (wave[i] - wave[i - 1]);
}

double vacuum_from_air(double wave_air) {
  const double s2 = 1e8 / (wave_air * wave_air);
  return wave_air * (1 + 8.34254e-5 + 2.406147e-2 / (130 - s2) + 1.5998e-4 / (38.9 - s2));
}

}  // namespace zspex::simulate
