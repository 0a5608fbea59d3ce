/// \file
/// Tables, column by column.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/table.hpp"

namespace zspex::simulate {

/// Adds columns to a table, one value per row, made by a function of the row.
class TableBuilder {
 public:
  TableBuilder(std::string name, std::size_t nrow) {
    table_.name = std::move(name);
    table_.nrow = nrow;
  }

  /// The FITS type follows from the function's type: bool L, uint8 B, int16 I, int32 J, int64 K, float E, double D.
  template <class Function>
  void add(const std::string& name, const char* unit, Function value) {
    using T = std::decay_t<decltype(value(std::size_t{}))>;
    using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
    std::vector<Stored> values(table_.nrow);
    for (std::size_t row = 0; row < table_.nrow; ++row) values[row] = value(row);
    io::Column column;
    column.name = name;
    column.unit = unit;
    if constexpr (std::is_same_v<T, std::string>) {
      column.code = 'A';
      column.repeat = 1;
      for (const std::string& text : values) column.repeat = std::max(column.repeat, static_cast<int>(text.size()));
    } else {
      column.code = std::is_same_v<T, bool>           ? 'L'
                    : std::is_same_v<T, std::uint8_t> ? 'B'
                    : std::is_same_v<T, std::int16_t> ? 'I'
                    : std::is_same_v<T, std::int32_t> ? 'J'
                    : std::is_same_v<T, std::int64_t> ? 'K'
                    : std::is_same_v<T, float>        ? 'E'
                                                      : 'D';
    }
    column.values = std::move(values);
    table_.columns.push_back(std::move(column));
  }
  /// A column of texts of a width of its own, however short they are.
  template <class Function>
  void add_text(const std::string& name, int width, Function value) {
    add(name, "", value);
    table_.columns.back().repeat = width;
  }
  io::Table take() && { return std::move(table_); }

 private:
  io::Table table_;
};

}  // namespace zspex::simulate
