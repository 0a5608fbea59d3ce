/// \file
/// The spectra of a rank's targets, from the files to what is fitted.
#pragma once

#include <functional>
#include <vector>

#include "config/redshift_config.hpp"
#include "kernels/redshift/redshift.hpp"
#include "pipeline/redshift/node_inputs.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

/// Targets whose spectra are held unpacked while they are read.
inline constexpr std::size_t read_at_a_time = 32;

/// Reads the rows of `mine` (indices into the list), masks pixels, and coadds each target's exposures band by band unless
/// --allspec. A target may end with no good pixel.
/// \param inputs  contents of files that need not be read again
/// \param take  gets the targets one by one, in the order of `mine`; files are read some targets at a time, unless they
///        have to be decompressed as a whole
void read_targets(const config::RedshiftConfig& config, const TargetList& targets, const NodeInputs& inputs,
                  const std::vector<int>& mine, const std::function<void(const kernels::Target&)>& take);

/// Whether spectra are read all at once where no others have decompressed the files: each is, from its beginning.
bool is_read_whole(const config::RedshiftConfig& config);

}  // namespace zspex::pipeline
