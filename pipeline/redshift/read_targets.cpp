#include "pipeline/redshift/read_targets.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "kernels/redshift/coadd_exposures.hpp"
#include "kernels/redshift/line_spread.hpp"

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
    for (const SpectrumSource& source : targets.sources[mine[i]])
      if (source.file == file) owner[source.row] = i;
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

/// What is masked: Redrock leaves SDSS's deep negative pixels and sky lines as they are.
kernels::PixelSettings settings_of(const config::RedshiftConfig& config, const std::string& band) {
  if (band == io::sdss_band)
    return {std::numeric_limits<double>::infinity(), config.cosmics_nsig, config.max_pixel_snr, false};
  return {config.negflux_nsig, config.cosmics_nsig, config.max_pixel_snr, config.skymask};
}

/// A copy of `values`, [nrow][nwave], from index `at` of each longer row on; zeros elsewhere.
template <class Row>
std::vector<float> place(const Row& values, std::size_t nwave, std::size_t at, std::size_t nlong) {
  std::vector<float> out(values.size() / nwave * nlong);
  for (std::size_t from = 0, to = at; from < values.size(); from += nwave, to += nlong)
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from), nwave,
                out.begin() + static_cast<std::ptrdiff_t>(to));
  return out;
}

/// A band whose wavelengths are a piece of `wave`, with ivar = 0 in the rest of it.
void stretch(io::BandSpectra& band, const std::vector<double>& wave) {
  const std::size_t nwave = band.wave.size(), nlong = wave.size();
  if (nwave == nlong) return;
  const auto at =
      static_cast<std::size_t>(std::lower_bound(wave.begin(), wave.end(), band.wave.front()) - wave.begin());
  const std::size_t nspec = band.flux.extent(0), ndiag = band.resolution.extent(1);
  band.flux = Array2<float>({nspec, nlong}, place(band.flux, nwave, at, nlong));
  band.ivar = Array2<float>({nspec, nlong}, place(band.ivar, nwave, at, nlong));
  band.resolution = Array3<float>({nspec, ndiag, nlong}, place(band.resolution, nwave, at, nlong));
  band.wave = wave;
}

/// Appends the masked spectra of one file to its targets, band by band and row by row.
void take_file(io::SpectraFile file, const FileRows& wanted, const TargetList& targets,
               const config::RedshiftConfig& config, std::vector<std::vector<Exposures>>& exposures) {
  for (auto& band : file.bands) {
    const int iband = band_index(targets, band.band);
    const auto settings = settings_of(config, band.band);
    if (file.kind == io::SpectraKind::sdss) stretch(band, targets.bands[iband].wave);
    const bool without = band.resolution.empty();
    const auto spread = without ? kernels::line_spread(band.wave, config.resolution->r_fwhm) : std::vector<float>{};
    const std::size_t ndiag = without ? spread.size() / band.wave.size() : band.resolution.extent(1);
    for (std::size_t i = 0; i < wanted.rows.size(); ++i) {
      const kernels::RawSpectrum raw{band.wave,
                                     band.flux.row(i),
                                     band.ivar.row(i),
                                     row_or_nothing(band.mask, i),
                                     without ? std::span<const float>(spread) : band.resolution.row(i),
                                     static_cast<int>(ndiag)};
      auto spectrum = kernels::mask_pixels(raw, iband, settings);
      // Redrock's reader of SDSS files does so before the coadd too, which then masks their neighbors.
      if (file.kind == io::SpectraKind::sdss) kernels::mask_open_rows(spectrum);
      exposures[wanted.owner[i]][iband].push_back(std::move(spectrum));
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

/// The targets of one bunch, ready to be fitted.
void read_bunch(const config::RedshiftConfig& config, const TargetList& targets, const NodeInputs& inputs,
                const std::vector<int>& mine, const std::function<void(const kernels::Target&)>& take) {
  std::vector<std::vector<Exposures>> exposures(mine.size(), std::vector<Exposures>(targets.bands.size()));
  for (std::size_t ifile = 0; ifile < config.input.size(); ++ifile) {
    const FileRows wanted = rows_of_file(targets, mine, static_cast<int>(ifile));
    if (wanted.rows.empty()) continue;
    take_file(io::read_spectra(config.input[ifile], wanted.rows, inputs.of(ifile)), wanted, targets, config, exposures);
  }
  for (std::size_t i = 0; i < mine.size(); ++i) {
    kernels::Target target;
    target.targetid = targets.targetid[mine[i]];
    for (std::size_t iband = 0; iband < targets.bands.size(); ++iband) {
      Exposures& band = exposures[i][iband];
      const auto& wave = targets.bands[iband].wave;
      const auto settings = settings_of(config, targets.bands[iband].band);
      if (band.empty()) continue;
      if (!config.allspec) {
        widen(band, wave.size());
        target.spectra.push_back(kernels::coadd_exposures(band, wave, settings));
        continue;
      }
      for (auto& one : band) {
        if (settings.skymask) kernels::mask_sky(one, wave);
        target.spectra.push_back(std::move(one));
      }
    }
    exposures[i].clear();
    take(target);
  }
}

}  // namespace

bool is_read_whole(const config::RedshiftConfig& config) {
  return std::any_of(config.input.begin(), config.input.end(), is_gzipped);
}

void read_targets(const config::RedshiftConfig& config, const TargetList& targets, const NodeInputs& inputs,
                  const std::vector<int>& mine, const std::function<void(const kernels::Target&)>& take) {
  const std::size_t most = inputs.empty() && is_read_whole(config) ? mine.size() : read_at_a_time;
  for (std::size_t first = 0; first < mine.size(); first += most) {
    const auto begin = mine.begin() + static_cast<std::ptrdiff_t>(first);
    const std::size_t n = std::min(most, mine.size() - first);
    read_bunch(config, targets, inputs, {begin, begin + static_cast<std::ptrdiff_t>(n)}, take);
  }
}

}  // namespace zspex::pipeline
