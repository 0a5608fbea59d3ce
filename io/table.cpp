#include "io/table.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "core/format.hpp"

namespace zspex::io {
namespace {

const Column& need_numeric(const Table& table, std::string_view column, std::string_view path) {
  const std::string part = table.name + "." + std::string(column);
  const Column* found = table.find(column);
  if (!found) {
    std::string names;
    for (const Column& other : table.columns) names += (names.empty() ? "" : ", ") + other.name;
    throw FileError(path, part,
                    "expected this column, found " + (names.empty() ? "no columns" : names) + ". Check the file.");
  }
  if (std::string_view("LBIJKED").find(found->code) == std::string_view::npos || found->repeat != 1)
    throw FileError(
        path, part,
        fmt::format("expected one number a row, found type {}{}. Check the file.", found->repeat, found->code));
  return *found;
}

template <class T>
std::vector<T> part_of(const std::vector<T>& values, std::size_t first, std::size_t n) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(n)};
}

}  // namespace

std::size_t Column::values_per_row() const {
  const auto n = static_cast<std::size_t>(repeat);
  if (code == 'A') return 1;
  if (code == 'X') return (n + 7) / 8;
  return code == 'C' || code == 'M' ? 2 * n : n;
}

const Column* Table::find(std::string_view column) const {
  const auto at = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == column; });
  return at == columns.end() ? nullptr : &*at;
}

std::vector<std::int64_t> integers_of(const Column& column) {
  // Of unsigned 64 bit columns the offset, 2^63, is added modulo 2^64.
  const std::uint64_t zero =
      column.zero < 0 ? -static_cast<std::uint64_t>(-column.zero) : static_cast<std::uint64_t>(column.zero);
  std::vector<std::int64_t> out;
  std::visit(
      [&](const auto& values) {
        out.reserve(values.size());
        if constexpr (std::is_arithmetic_v<typename std::decay_t<decltype(values)>::value_type>)
          for (const auto value : values)
            out.push_back(
                static_cast<std::int64_t>(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) + zero));
      },
      column.values);
  return out;
}

std::vector<double> numbers_of(const Column& column) {
  std::vector<double> out;
  std::visit(
      [&](const auto& values) {
        out.reserve(values.size());
        if constexpr (std::is_arithmetic_v<typename std::decay_t<decltype(values)>::value_type>)
          for (const auto value : values) out.push_back(column.zero + column.scale * static_cast<double>(value));
      },
      column.values);
  return out;
}

std::vector<std::int64_t> Table::integers(std::string_view column, std::string_view path) const {
  const Column& found = need_numeric(*this, column, path);
  if (found.code == 'E' || found.code == 'D' || found.scale != 1)
    throw FileError(path, name + "." + found.name, "expected integers, found real numbers. Check the file.");
  return integers_of(found);
}

std::vector<double> Table::numbers(std::string_view column, std::string_view path) const {
  return numbers_of(need_numeric(*this, column, path));
}

void Table::need_unique_columns(std::string_view path, ExitCode code) const {
  std::map<std::string, std::string> seen;
  for (const Column& column : columns) {
    std::string folded = column.name;
    for (char& letter : folded) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    const auto [other, fresh] = seen.emplace(std::move(folded), column.name);
    if (!fresh)
      throw FileError(
          path, name,
          fmt::format(
              "expected columns of different names (capitals don't count), found {}{}. Remove or rename one of them.",
              other->second, other->second == column.name ? " twice" : " and " + column.name),
          code);
  }
}

Table Table::rows(std::size_t first, std::size_t n) const {
  if (first + n > nrow)
    throw FileError("table", name,
                    fmt::format("expected at least {} rows, found {}. Check that the table belongs to these spectra.",
                                first + n, nrow));
  Table out;
  out.name = name;
  out.header = header;
  out.nrow = n;
  for (const Column& column : columns) {
    const std::size_t per_row = column.values_per_row();
    std::visit(
        [&](const auto& values) {
          out.columns.push_back({column.name, column.unit, column.code, column.repeat, column.zero,
                                 part_of(values, first * per_row, n * per_row), column.scale, column.null, column.dim,
                                 column.display, column.description});
        },
        column.values);
  }
  return out;
}

Table Table::pick(std::span<const std::size_t> indices) const {
  Table out = rows(0, 0);
  out.nrow = indices.size();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t per_row = columns[i].values_per_row();
    std::visit(
        [&](const auto& from) {
          auto& to = std::get<std::decay_t<decltype(from)>>(out.columns[i].values);
          for (const std::size_t index : indices) {
            const auto begin = from.begin() + static_cast<std::ptrdiff_t>(index * per_row);
            to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(per_row));
          }
        },
        columns[i].values);
  }
  return out;
}

std::vector<std::string> Table::append(const Table& other) {
  std::vector<std::string> dropped;
  for (const Column& column : other.columns)
    if (!find(column.name)) dropped.push_back(column.name);
  std::erase_if(columns, [&](Column& column) {
    const Column* more = other.find(column.name);
    const bool joined = more && append_values(column, *more);
    if (!joined) dropped.push_back(column.name);
    return !joined;
  });
  nrow += other.nrow;
  return dropped;
}

}  // namespace zspex::io
