/// \file
/// Rows of results as tables: Redrock's columns, in its order and types, in capitals for FITS and small for HDF5.
#pragma once

#include <string>
#include <vector>

#include "io/detail/fits_reader.hpp"
#include "io/header.hpp"
#include "io/redshifts.hpp"
#include "io/table.hpp"

namespace zspex::io::detail {

/// Coefficients a row: those of the templates that have most, or the common number if all rows of all targets agree.
int coeff_width(const RedshiftResults& results);

/// The best row of each target: the columns of the REDSHIFTS HDU.
Table best_rows_table(const RedshiftResults& results);

/// All rows of all targets with their fine scans, one target after the other: /zfit/<targetid>/zfit are pieces of it.
Table zfit_table(const RedshiftResults& results);

/// The table of redshifts of a FITS file: REDSHIFTS, or ZBEST in Redrock's files of before 2021; nullptr if there is none.
const HduInfo* find_redshifts(const FitsReader& file);

/// The columns of the REDSHIFTS HDU back as rows, without LEGCOEFF, PCA_* and MODEL_CHI2; ZNUM where there is one.
std::vector<RedshiftRow> rows_from(const Table& table, const std::string& path);

/// RRVER, templates, programs, and what identifies the input.
Header results_header(const RedshiftResults& results, const Provenance& provenance);

}  // namespace zspex::io::detail
