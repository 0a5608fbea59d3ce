/// \file
/// What a simulation put in: the spectra before the instrument.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "io/table.hpp"

namespace zspex::io {

struct Truth {
  std::vector<double> wave;    ///< [nwave] vacuum, Angstrom, bin centers
  Array2<double> flux;         ///< [nspec][nwave] photons/Angstrom, before the resolution
  std::optional<Table> table;  ///< one row per spectrum (HDU TRUTH): what it is made of
};

/// Writes HDUs FLUX and WAVELENGTH (float64) behind an empty primary, and TRUTH. Whole or not at all.
/// \throws FileError (exit code `output`)
void write_truth(const std::string& path, const Truth& truth);

/// Writes HDU TRUTH alone: the truth of spectra that are kept elsewhere. Whole or not at all.
/// \throws FileError (exit code `output`)
void write_truth_table(const std::string& path, const Table& table);

/// \throws FileError (exit code `input`) when the file is missing, truncated or not FITS, an HDU is missing or of
/// another shape.
Truth read_truth(const std::string& path);

}  // namespace zspex::io
