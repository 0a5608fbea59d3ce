/// \file
/// Names of results in folders.
#pragma once

#include <string>
#include <vector>

namespace zspex::config {

/// A name that ends in /, or is a folder's on this node: for one rank, which tells the others.
bool is_folder(const std::string& path);
/// Whether all frames go into one folder; its name ends in /.
bool is_one_folder(const std::vector<std::string>& paths);

/// `FOLDER/PREFIX-X.SUFFIX` for an input called X, without the kind of its file (coadd-, spectra-, preproc-) and without .fits,
/// .fits.gz or .fits.fz.
std::string name_in_folder(const std::string& folder, const std::string& prefix, const std::string& input,
                           const std::string& suffix);

}  // namespace zspex::config
