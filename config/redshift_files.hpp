/// \file
/// Where results of redshifts go: into the files that are named, or into folders, a file for each input.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/redshift_config.hpp"

namespace zspex::config {

/// The files, beside its inputs, that runs of one job have for themselves, by key.
std::vector<std::pair<std::string, std::string*>> files_of(RedshiftConfig& run);

/// One run, and where a list tells of it.
struct ListedRun {
  RedshiftConfig config;
  std::vector<std::string> where;  ///< of each input: "coadds.txt:12"; empty without a list
};

/// One configuration for each run: all inputs together, or, where results go into folders, one for each input with its
/// files named as DESI does: redrock-X.fits, rrdetails-X.h5, rrmodel-X.fits. With a list (config/work_list.hpp) a run for each of
/// its items; those that name one output, or none where `output` is a file, are one run.
/// \throws ConfigError for a list that can't be read, or says something else
std::vector<ListedRun> all_runs_of(const RedshiftConfig& config);

/// The configurations of all_runs_of() that belong to config.part.
std::vector<RedshiftConfig> runs_of(const RedshiftConfig& config);

}  // namespace zspex::config
