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
#include "kernels/redshift/rank.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

struct InputTables {
  io::Header header;   ///< primary header of the first file with targets
  io::Table fibermap;  ///< the rows of coadds as they are; of exposures one row a target
  std::optional<io::Table> exp_fibermap, tsnr2;
  std::multimap<std::int64_t, kernels::FiberState> states;  ///< by target; several where several rows are coadds of it
  std::vector<std::string> warnings;
};

/// Reads the tables of all files. FIBERMAP of exposures (spectra, cframe) is made as desispec's coadds have it: the first
/// exposure's row with COADD_NUMEXP, and COADD_FIBERSTATUS: the bits that all exposures have which are good in some camera,
/// or, if none is, the bits of all. An exposure has the bits of all its cameras' files. Their TSNR2 are summed. Columns
/// that not all files have alike are dropped, with a warning.
InputTables read_input_tables(const config::RedshiftConfig& config, const TargetList& targets);

/// COADD_FIBERSTATUS of these exposures' FIBERSTATUS.
std::int64_t coadded_fiberstatus(const std::vector<std::int64_t>& status);

}  // namespace zspex::pipeline
