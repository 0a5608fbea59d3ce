/// \file
/// Where results of redshifts go: into the files that are named, or into folders, a file for each input.
#pragma once

#include <string>
#include <vector>

#include "config/redshift_config.hpp"

namespace zspex::config {

/// A name that ends in / or is a folder's.
bool is_folder(const std::string& path);

/// `PREFIX-X.SUFFIX` in the folder for an input called coadd-X, redshift's kinds of spectra in its place alike, or X.
std::string name_in_folder(const std::string& folder, const std::string& prefix, const std::string& input,
                           const std::string& suffix);

/// One configuration for each run: all inputs together, or, where results go into folders, one for each input with its
/// files named as DESI does: redrock-X.fits, rrdetails-X.h5, rrmodel-X.fits.
std::vector<RedshiftConfig> runs_of(const RedshiftConfig& config);

}  // namespace zspex::config
