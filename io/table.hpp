/// \file
/// A binary table of any columns, read and written whole: the FIBERMAP that passes through a stage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "io/header.hpp"

namespace zspex::io {

/// One column: values_per_row() values per row, rows one after the other. Strings have one value per row, padding
/// removed.
struct Column {
  using Values =
      std::variant<std::vector<std::uint8_t>, std::vector<std::int16_t>, std::vector<std::int32_t>,
                   std::vector<std::int64_t>, std::vector<float>, std::vector<double>, std::vector<std::string>>;
  std::string name{}, unit{};
  char code = 'D';  ///< FITS type letter: L B X I J K E D C M A. As uint8: B, X (bytes of bits), L (0, 1; 255
                    ///< undefined); as float: C; as double: M
  int repeat = 1;   ///< values per row; for 'A' the width in characters
  double zero = 0;  ///< TZERO of an unsigned integer column (values are held as stored), else 0
  Values values{};
  double scale = 1;                 ///< TSCAL (values are held as stored)
  std::optional<long long> null{};  ///< TNULL
  std::string dim{}, display{};     ///< TDIM and TDISP as in the file, for example "(4,500)"; may be empty
  std::string description{};        ///< comment of the TTYPE card

  /// repeat, but 1 for A, two for a complex number, a byte for each 8 bits of X.
  std::size_t values_per_row() const;
};

/// All values of a numeric column (code of LBIJKED) as they are meant, TZERO and TSCAL applied: integers modulo 2^64.
std::vector<std::int64_t> integers_of(const Column& column);
std::vector<double> numbers_of(const Column& column);

/// Appends the values of `more` to `column`. \return whether they go together; if not nothing is changed
bool append_values(Column& column, const Column& more);

struct Table {
  std::string name;  ///< EXTNAME
  Header header;     ///< cards beyond the structure
  std::size_t nrow = 0;
  std::vector<Column> columns;

  const Column* find(std::string_view column) const;
  Column* find(std::string_view column) { return const_cast<Column*>(std::as_const(*this).find(column)); }
  /// One numeric column as int64 or double, one value per row. Throws FileError if absent or not numeric.
  std::vector<std::int64_t> integers(std::string_view column, std::string_view path) const;
  std::vector<double> numbers(std::string_view column, std::string_view path) const;
  /// Rows [first, first + n).
  Table rows(std::size_t first, std::size_t n) const;
  /// The rows with these indices, in this order.
  Table pick(std::span<const std::size_t> indices) const;
  /// Appends the rows of another table. Columns of unlike numbers become the narrowest type that holds both (integers
  /// with reals: float for up to 16 bits, else double; scaled columns double), texts as wide as the wider. Columns that
  /// only one has, or whose values don't go together, are dropped.
  /// \return the names of those
  std::vector<std::string> append(const Table& other);
  /// \throws FileError if two columns have one name, also with other capitals, as FITS forbids
  void need_unique_columns(std::string_view path, ExitCode code) const;
};

}  // namespace zspex::io
