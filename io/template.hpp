/// \file
/// Redrock's template, archetype and prior files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "core/prior_function.hpp"

namespace zspex::io {

/// A template file as Redrock reads it, with the defaults that hang on type and version filled in.
struct TemplateFile {
  std::string path;
  std::string spectype, subtype;   ///< upper case, stripped
  std::string method;              ///< "PCA" or "NMF"
  std::string igm;                 ///< "None", "Calura12", "Kamble20" or "Inoue14"
  std::string version;             ///< "unknown" if the file does not say
  std::vector<double> wave;        ///< [nsample] Angstrom, rest frame
  Array2<double> basis;            ///< [nbasis][nsample] flux densities per Angstrom in any unit
  std::vector<double> redshifts;   ///< [nz] the file's own grid, increasing; empty = none
  bool loglam = false;             ///< for writing: the grid is linear in log10(wave)
  std::vector<std::string> notes;  ///< what is odd about the file but does no harm, each with its name
};

/// \throws FileError (exit code `input`) for missing keywords or HDUs, NaN, an empty basis, a grid that does not grow,
///         an unknown method or IGM model, a type and version without a default IGM model
TemplateFile read_template(const std::string& path);

/// The template files that `-t` stands for, in scan order: several files as they are; one folder, list or file; nothing
/// for $RR_TEMPLATE_DIR. \throws FileError naming what is missing and where it was looked for
std::vector<std::string> find_templates(const std::vector<std::string>& given);

/// Writes BASIS_VECTORS (and REDSHIFTS, where there are any) with the keywords that read_template() knows, to
/// file.path. Wavelengths are written as CRVAL1 and CDELT1: they must be even, or with loglam their logarithms. \throws
/// FileError (exit code `output`)
void write_template(const TemplateFile& file);

/// Archetypes of one spectral type.
struct ArchetypeFile {
  std::string path;
  std::string spectype, version;
  std::vector<std::string> subtypes;  ///< [narchetype] "<SUBTYPE>_<row>"
  std::vector<double> wave;           ///< [nsample] Angstrom, rest frame
  Array2<double> flux;                ///< [narchetype][nsample] flux densities per Angstrom in any unit
  std::vector<std::string> notes;     ///< what is odd about the file but does no harm, each with its name
};

/// \throws FileError (exit code `input`) for missing keywords, columns or rows, NaN, an archetype without light
ArchetypeFile read_archetypes(const std::string& path);
/// rrarchetype-*.fits of a folder, sorted, or the files themselves. \throws FileError for a folder without any
std::vector<std::string> find_archetypes(const std::vector<std::string>& given);

/// PRIORS: what is known of targets' redshifts beforehand.
struct Priors {
  PriorFunction function = PriorFunction::tophat;  ///< of the first row, for all
  std::vector<std::int64_t> targetid;              ///< [nrow]
  std::vector<double> z, sigma;                    ///< [nrow] center and width of the function; sigma > 0
};
/// \throws FileError (exit code `input`) for missing columns or rows, an unknown FUNCTION, Z or SIGMA that can't be
/// used
Priors read_priors(const std::string& path);

}  // namespace zspex::io
