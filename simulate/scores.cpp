#include "simulate/scores.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "core/format.hpp"
#include "simulate/shapes.hpp"
#include "simulate/table_builder.hpp"
#include "simulate/target.hpp"

namespace zspex::simulate {
namespace {

/// Targets that a survey wants to measure.
struct Ensemble {
  const char* name;
  TargetKind kind;
  double zmin, zmax, magnitude, shape, sigma_km_s;
};
constexpr Ensemble ensembles[] = {{"ELG", TargetKind::elg, 0.6, 1.6, 22.7, 0.12, 85},
                                  {"LRG", TargetKind::lrg, 0.4, 1.0, 21.2, 0.92, 250},
                                  {"QSO", TargetKind::qso, 0.5, 3.4, 21.4, 0.5, 2000},
                                  {"LYA", TargetKind::qso, 2.1, 3.4, 21.4, 0.5, 2000},
                                  {"BGS", TargetKind::bgs, 0.05, 0.4, 18.8, 0.6, 140}};

/// Mean over 100 Angstrom around each bin, fewer at the ends.
std::vector<double> running_mean(const std::vector<double>& flux, double dwave) {
  const std::size_t n = flux.size(), reach = static_cast<std::size_t>(50 / dwave);
  std::vector<double> sums{0}, mean;
  for (const double value : flux) sums.push_back(sums.back() + value);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t begin = i - std::min(i, reach), end = std::min(n, i + reach + 1);
    mean.push_back((sums[end] - sums[begin]) / static_cast<double>(end - begin));
  }
  return mean;
}

/// \return [nwave] mean square of the ensemble's spectra without their smooth part
std::vector<double> signal(const Ensemble& ensemble, const std::vector<double>& wave) {
  constexpr int nredshift = 8;
  const double dwave = (wave.back() - wave.front()) / static_cast<double>(wave.size() - 1);
  const LightBins bins = make_light_bins(wave, dwave, 0, 0, 1);
  std::vector<double> sum(wave.size());
  for (int i = 0; i < nredshift; ++i) {
    Target target;
    target.kind = ensemble.kind;
    target.z = ensemble.zmin + (ensemble.zmax - ensemble.zmin) * (i + 0.5) / nredshift;
    target.magnitude = ensemble.magnitude;
    target.shape = ensemble.shape;
    target.sigma_km_s = ensemble.sigma_km_s;
    const std::vector<double> flux = target_flux(target, 0, bins), smooth = running_mean(flux, dwave);
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += (flux[j] - smooth[j]) * (flux[j] - smooth[j]) / nredshift;
  }
  return sum;
}

double median_snr(const io::BandSpectra& band, std::size_t row) {
  std::vector<double> snr;
  for (std::size_t i = 0; i < band.wave.size(); ++i)
    if (band.mask(row, i) == 0 && band.ivar(row, i) > 0)
      snr.push_back(band.flux(row, i) * std::sqrt(band.ivar(row, i)));
  if (snr.empty()) return 0;
  const auto middle = snr.begin() + static_cast<std::ptrdiff_t>(snr.size() / 2);
  std::nth_element(snr.begin(), middle, snr.end());
  return *middle;
}

}  // namespace

io::Table make_scores(const io::SpectraFile& file) {
  TableBuilder table("SCORES", file.targetid.size());
  table.add("TARGETID", "", [&](std::size_t row) { return file.targetid[row]; });
  const auto upper = [](const io::BandSpectra& band) {
    return std::string(1, static_cast<char>(std::toupper(static_cast<unsigned char>(band.band[0]))));
  };
  for (const io::BandSpectra& band : file.bands)
    table.add("MEDIAN_SNR_" + upper(band), "",
              [&](std::size_t row) { return static_cast<float>(median_snr(band, row)); });
  for (const Ensemble& ensemble : ensembles) {
    std::vector<double> total(file.targetid.size());
    for (const io::BandSpectra& band : file.bands) {
      const std::vector<double> square = signal(ensemble, band.wave);
      table.add(fmt::format("TSNR2_{}_{}", ensemble.name, upper(band)), "", [&](std::size_t row) {
        double sum = 0;
        for (std::size_t i = 0; i < square.size(); ++i)
          if (band.mask(row, i) == 0) sum += band.ivar(row, i) * square[i];
        total[row] += sum;
        return static_cast<float>(sum);
      });
    }
    table.add(std::string("TSNR2_") + ensemble.name, "",
              [&](std::size_t row) { return static_cast<float>(total[row]); });
  }
  return std::move(table).take();
}

}  // namespace zspex::simulate
