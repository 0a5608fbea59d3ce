#include "pipeline/redshift/targets.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <queue>
#include <set>

#include "core/error.hpp"
#include "core/format.hpp"
#include "kernels/redshift/line_spread.hpp"

namespace zspex::pipeline {
namespace {

/// The targets of one file that are wanted, in their order of output.
std::vector<std::int64_t> select(const std::vector<std::int64_t>& in_file, const config::RedshiftConfig& config) {
  std::vector<std::int64_t> unique;
  std::set<std::int64_t> seen;
  for (const std::int64_t id : in_file)
    if (seen.insert(id).second) unique.push_back(id);
  if (!config.targetids.empty()) {
    std::vector<std::int64_t> wanted;
    for (const std::int64_t id : config.targetids)
      if (seen.count(id) != 0) wanted.push_back(id);
    return wanted;
  }
  const auto first = static_cast<std::size_t>(config.mintarget);
  const std::size_t rest = unique.size() - std::min(first, unique.size());
  const std::size_t n = config.ntargets > 0 ? std::min<std::size_t>(config.ntargets, rest) : rest;
  const auto begin = unique.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(n)};
}

int index_of(const std::vector<BandGrid>& bands, const std::string& name) {
  return static_cast<int>(
      std::find_if(bands.begin(), bands.end(), [&](const BandGrid& grid) { return grid.band == name; }) -
      bands.begin());
}

/// The file's number of diagonals, or that of the line spread that stands for it.
int diagonals_of(const io::SpectraInfo& info, const io::SpectraInfo::Band& band, const std::string& path,
                 const config::RedshiftConfig& config) {
  if (band.ndiag > 0) return band.ndiag;
  if (config.resolution) return kernels::line_spread_diagonals(band.wave, config.resolution->r_fwhm);
  std::string name = info.kind == io::SpectraKind::cframe ? "" : band.band + "_";
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  throw FileError(path, name + "RESOLUTION",
                  "expected the resolution matrix of band " + band.band +
                      ", found none. Give --resolution R, the spectrograph's wavelength / FWHM, or none; or check that "
                      "it was copied whole.");
}

void add_bands(TargetList& targets, const io::SpectraInfo& info, const std::string& path,
               const config::RedshiftConfig& config) {
  for (const auto& band : info.bands) {
    const int ndiag = diagonals_of(info, band, path, config);
    const auto known = std::find_if(targets.bands.begin(), targets.bands.end(),
                                    [&](const BandGrid& grid) { return grid.band == band.band; });
    if (known == targets.bands.end()) {
      targets.bands.push_back({band.band, band.wave, ndiag});
      continue;
    }
    known->ndiag = std::max(known->ndiag, ndiag);
    if (info.kind == io::SpectraKind::sdss) {
      known->wave = io::sdss_grid(std::min(known->wave.front(), band.wave.front()),
                                  std::max(known->wave.back(), band.wave.back()));
      continue;
    }
    constexpr double tolerance = 1e-6;  // Angstrom
    const bool same = known->wave.size() == band.wave.size() &&
                      std::equal(band.wave.begin(), band.wave.end(), known->wave.begin(),
                                 [](double a, double b) { return std::fabs(a - b) <= tolerance; });
    if (!same)
      throw FileError(path, band.band + " wavelengths",
                      fmt::format("expected the grid of the files before ({} wavelengths from {:f} Angstrom), found "
                                  "another ({} from {:f}). Fit these files in another run.",
                                  known->wave.size(), known->wave.front(), band.wave.size(), band.wave.front()));
  }
}

}  // namespace

std::vector<std::size_t> TargetList::rows_of(int file) const {
  std::vector<std::size_t> rows;
  for (const auto& target : sources)
    for (const SpectrumSource& source : target)
      if (source.file == file) rows.push_back(source.row);
  std::sort(rows.begin(), rows.end());
  return rows;
}

TargetList list_targets(const config::RedshiftConfig& config) {
  TargetList targets;
  std::map<std::int64_t, std::size_t> index;
  for (std::size_t ifile = 0; ifile < config.input.size(); ++ifile) {
    const std::string& path = config.input[ifile];
    const io::SpectraInfo info =
        io::read_spectra_info(path, config.checksums ? io::Checksums::verify : io::Checksums::ignore);
    targets.notes.insert(targets.notes.end(), info.notes.begin(), info.notes.end());
    add_bands(targets, info, path, config);
    auto& bands = targets.bands_of_file.emplace_back();
    for (const auto& band : info.bands) bands.push_back(index_of(targets.bands, band.band));
    std::map<std::int64_t, std::vector<std::uint64_t>> rows;
    for (std::size_t row = 0; row < info.targetid.size(); ++row) rows[info.targetid[row]].push_back(row);
    for (const std::int64_t id : select(info.targetid, config)) {
      const auto [at, fresh] = index.emplace(id, targets.size());
      if (fresh) {
        targets.targetid.push_back(id);
        targets.sources.emplace_back();
      }
      for (const std::uint64_t row : rows[id]) targets.sources[at->second].push_back({static_cast<int>(ifile), row});
    }
  }
  for (const std::int64_t id : config.targetids)
    if (index.count(id) == 0)
      throw ConfigError(
          "configuration", "redshift.targetids",
          fmt::format("expected targets that are in the files, found {}, which is in none. Leave it out.", id));
  if (targets.size() == 0)
    throw FileError(
        config.input.front(), "FIBERMAP",
        config.mintarget > 0
            ? fmt::format("expected more than --mintarget {} targets in one of the files, found fewer. Lower it.",
                          config.mintarget)
            : "expected at least one target, found none. Give other files.");
  return targets;
}

std::vector<std::vector<int>> deal_targets(const TargetList& targets, std::size_t first, std::size_t n,
                                           const std::vector<double>& capacities) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), static_cast<int>(first));
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return targets.sources[a].size() > targets.sources[b].size(); });
  // Of ranks with one capacity the one with the least load comes first; there are few different capacities.
  using Loaded = std::pair<double, std::size_t>;
  std::map<double, std::priority_queue<Loaded, std::vector<Loaded>, std::greater<>>, std::greater<>> waiting;
  for (std::size_t k = 0; k < capacities.size(); ++k) waiting[capacities[k]].emplace(0.0, k);
  std::vector<std::vector<int>> dealt(capacities.size());
  for (const int i : order) {
    const auto work = static_cast<double>(targets.sources[i].size());
    auto best = waiting.begin();
    const auto end_of = [&](const auto& ranks) { return (ranks.second.top().first + work) / ranks.first; };
    for (auto ranks = std::next(best); ranks != waiting.end(); ++ranks)
      if (end_of(*ranks) < end_of(*best)) best = ranks;
    const auto [load, k] = best->second.top();
    best->second.pop();
    best->second.emplace(load + work, k);
    dealt[k].push_back(i);
  }
  for (auto& mine : dealt) std::sort(mine.begin(), mine.end());
  return dealt;
}

}  // namespace zspex::pipeline
