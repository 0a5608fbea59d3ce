/// \file
/// What a simulation writes, piece by piece: each rank makes its share of the pieces.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/simulate_config.hpp"

namespace zspex::simulate {

/// Files that are made together.
struct Product {
  std::vector<std::string> files;      ///< the first one is written last: where it is, the others are
  std::string plan;                    ///< for people: what will be made; a line without its end
  std::function<std::string()> write;  ///< makes the files, whole or not at all. \return for people: what was made
  std::string fingerprint = "";        ///< of their settings, as the first file tells it; empty: they depend on none
};

/// A preproc frame each, with its truth and PSF. \throws ConfigError
std::vector<Product> exposure_products(const config::SimulateConfig& config);
/// A coadd or spectra file each, with its truth. \throws ConfigError
std::vector<Product> spectra_products(const config::SimulateConfig& config);
/// A template each, in the folder `folder`.
std::vector<Product> template_products(const std::string& folder);

/// Small files for what comes next, written by one rank when it has made its products.
struct Note {
  std::string path, contents;
  std::string next;  ///< for people: what it is for
};
/// extract.yaml, and of arcs arc-lines.txt.
std::vector<Note> exposure_notes(const config::SimulateConfig& config);
/// redshift.yaml.
std::vector<Note> spectra_notes(const config::SimulateConfig& config);
/// templates-default.txt: the templates in the order in which they are scanned.
std::vector<Note> template_notes(const std::string& folder);

}  // namespace zspex::simulate
