#include "pipeline/redshift/read_targets.hpp"

#include <algorithm>
#include <map>

#include "kernels/redshift/target.hpp"

namespace zspex::pipeline {
namespace {

using Exposures = std::vector<kernels::TargetSpectrum>;

int band_index(const TargetList& targets, const std::string& band) {
  const auto at =
      std::find_if(targets.bands.begin(), targets.bands.end(), [&](const BandGrid& grid) { return grid.band == band; });
  return static_cast<int>(at - targets.bands.begin());
}

/// The rows of one file that belong to these targets, and to which.
struct FileRows {
  std::vector<std::size_t> rows;  ///< growing
  std::vector<std::size_t> owner;
};

FileRows rows_of_file(const TargetList& targets, const std::vector<int>& mine, int file) {
  std::map<std::size_t, std::size_t> owner;
  for (std::size_t i = 0; i < mine.size(); ++i)
    for (const SpectrumPlace& place : targets.places[mine[i]])
      if (place.file == file) owner[place.row] = i;
  FileRows wanted;
  for (const auto& [row, target] : owner) {
    wanted.rows.push_back(row);
    wanted.owner.push_back(target);
  }
  return wanted;
}

template <class Values>
auto row_or_nothing(const Values& values, std::size_t row) {
  return values.empty() ? decltype(values.row(row)){} : values.row(row);
}

/// Appends the masked spectra of one file to its targets, band by band and row by row.
void take_file(const io::SpectraFile& file, const FileRows& wanted, const TargetList& targets,
               const kernels::PixelSettings& settings, std::vector<std::vector<Exposures>>& exposures) {
  for (const auto& band : file.bands) {
    const int iband = band_index(targets, band.band);
    for (std::size_t i = 0; i < wanted.rows.size(); ++i) {
      const kernels::RawSpectrum raw{band.wave,
                                     band.flux.row(i),
                                     band.ivar.row(i),
                                     row_or_nothing(band.mask, i),
                                     band.resolution.row(i),
                                     static_cast<int>(band.resolution.extent(1))};
      exposures[wanted.owner[i]][iband].push_back(kernels::mask_pixels(raw, iband, settings));
    }
  }
}

/// Exposures of one number of diagonals: the narrower ones get diagonals of zeros.
void widen(Exposures& exposures, std::size_t nwave) {
  int most = 0;
  for (const auto& one : exposures) most = std::max(most, one.ndiag);
  for (auto& one : exposures) {
    const int more = (most - one.ndiag) / 2;
    if (more == 0) continue;
    one.resolution.insert(one.resolution.begin(), more * nwave, 0.0F);
    one.resolution.resize(most * nwave, 0.0F);
    one.ndiag = most;
  }
}

}  // namespace

std::vector<kernels::Target> read_targets(const config::RedshiftConfig& config, const TargetList& targets,
                                          const std::vector<int>& mine) {
  const kernels::PixelSettings settings{config.negflux_nsig, config.cosmics_nsig, config.skymask};
  std::vector<std::vector<Exposures>> exposures(mine.size(), std::vector<Exposures>(targets.bands.size()));
  for (std::size_t ifile = 0; ifile < config.input.size(); ++ifile) {
    const FileRows wanted = rows_of_file(targets, mine, static_cast<int>(ifile));
    if (wanted.rows.empty()) continue;
    take_file(io::read_spectra(config.input[ifile], wanted.rows), wanted, targets, settings, exposures);
  }
  std::vector<kernels::Target> read(mine.size());
  for (std::size_t i = 0; i < mine.size(); ++i) {
    read[i].targetid = targets.targetid[mine[i]];
    for (std::size_t iband = 0; iband < targets.bands.size(); ++iband) {
      Exposures& band = exposures[i][iband];
      const auto& wave = targets.bands[iband].wave;
      if (band.empty()) continue;
      if (!config.allspec) {
        widen(band, wave.size());
        read[i].spectra.push_back(kernels::coadd_exposures(band, wave, settings));
        continue;
      }
      for (auto& one : band) {
        if (settings.skymask) kernels::mask_sky(one, wave);
        read[i].spectra.push_back(std::move(one));
      }
    }
    exposures[i].clear();
  }
  return read;
}

}  // namespace zspex::pipeline
