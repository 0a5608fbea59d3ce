/// \file
/// Which targets are fitted, where their spectra are, and which rank has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/spectra.hpp"

namespace zspex::pipeline {

/// A row of an input file.
struct SpectrumSource {
  int file = 0;
  std::uint64_t row = 0;
};
template <class Archive>
void fields(Archive& archive, SpectrumSource& source) {
  archive(source.file, source.row);
}

/// One band's wavelengths, the same in all files; of SDSS files, which hold pieces of one grid, what they cover together.
struct BandGrid {
  std::string band;
  std::vector<double> wave;  ///< [nwave] Angstrom
  int ndiag = 0;             ///< the most of all files
};
template <class Archive>
void fields(Archive& archive, BandGrid& grid) {
  archive(grid.band, grid.wave, grid.ndiag);
}

/// All targets of all files, in output order.
struct TargetList {
  std::vector<std::int64_t> targetid;                ///< [ntarget]
  std::vector<std::vector<SpectrumSource>> sources;  ///< [ntarget] in the order in which they are summed
  std::vector<BandGrid> bands;                       ///< in the order of the files
  std::vector<std::vector<int>> bands_of_file;       ///< [nfile]
  std::vector<std::string> notes;                    ///< on the files; only where they were read

  std::size_t size() const { return targetid.size(); }
  /// Rows of one file that are used, growing.
  std::vector<std::size_t> rows_of(int file) const;
};
template <class Archive>
void fields(Archive& archive, TargetList& list) {
  archive(list.targetid, list.sources, list.bands, list.bands_of_file);
}

/// Reads the files' tables and selects. \throws FileError for files that can't be read or don't fit each other,
/// ConfigError when the selection holds nothing
TargetList list_targets(const config::RedshiftConfig& config);

/// Targets [first, first + n) of the list, dealt by their work: the most work first, each to whoever has least of it for
/// what he can do; equal work goes round.
/// \param capacities  what each can do; positive
/// \return indices of each, growing
std::vector<std::vector<int>> deal_targets(const TargetList& targets, std::size_t first, std::size_t n,
                                           const std::vector<double>& capacities);

}  // namespace zspex::pipeline
