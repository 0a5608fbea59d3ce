/// \file
/// Binary tables between a FITS file and host columns. Rows are read and written whole, as bytes: one pass, values as
/// stored.
#pragma once

#include <fitsio.h>

#include <string>
#include <string_view>

#include "io/table.hpp"

namespace zspex::io::detail {

/// Bytes of one row of the column in a FITS table.
std::size_t column_width(const Column& column);

/// Reads the current HDU, a BINTABLE, also one compressed by fpack -table.
/// \throws FileError for variable-length columns, two columns of one name, and damaged files.
Table read_table(fitsfile* file, const std::string& path, const std::string& part);

/// Appends a BINTABLE with all columns and cards.
/// \throws FileError (exit code `output`) if a column does not hold nrow rows, or two have one name.
void write_table(fitsfile* file, const std::string& path, const Table& table);

}  // namespace zspex::io::detail
