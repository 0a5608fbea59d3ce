/// \file
/// What the input files know of the targets beside spectra, as it goes into the results.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/header.hpp"
#include "io/table.hpp"
#include "kernels/redshift/rank_fits.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

struct InputTables {
  io::Header header;   ///< primary header of the first file with targets
  io::Table fibermap;  ///< the rows of coadds as they are; of exposures one row per target, coadded
  std::optional<io::Table> exp_fibermap, tsnr2;
  std::multimap<std::int64_t, kernels::FiberState> states;  ///< by target; several where several rows are coadds of it
  std::vector<std::string> warnings;
};

/// Reads the tables of all files. Exposures (spectra, cframe) are coadded: see coadd_fibermap(). Rows of one target and EXPID
/// in several files are one exposure, seen by several cameras: FIBERSTATUS has the bits of all. NIGHT, EXPID, MJD, TILEID and
/// EXPTIME are the header's where FIBERMAP hasn't got them. TSNR2 of exposures are summed. Columns that not all files have,
/// or whose values don't go together, are dropped, with a warning. Units and descriptions are added where there are none.
InputTables read_input_tables(const config::RedshiftConfig& config, const TargetList& targets);

}  // namespace zspex::pipeline
