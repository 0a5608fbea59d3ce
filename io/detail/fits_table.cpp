#include "io/detail/fits_table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_error.hpp"
#include "io/detail/fits_records.hpp"

namespace zspex::io::detail {
namespace {

void check(int status, const std::string& path, const std::string& part, ExitCode code) {
  if (status == 0) return;
  throw_fits(path, part, code == ExitCode::input ? "read the table" : "write the table", status,
             code == ExitCode::input ? "Copy the file again, or make it again." : "This is a defect of zspex.", code);
}

/// Bytes of one value in the file.
std::size_t value_width(char code) {
  switch (code) {
    case 'I':
      return 2;
    case 'J':
    case 'E':
    case 'C':  // two floats, counted as two values
      return 4;
    case 'K':
    case 'D':
    case 'M':
      return 8;
    default:
      return 1;
  }
}

/// FITS is big-endian.
template <class T>
T swapped(T value) {
  if constexpr (sizeof(T) == 1 || std::endian::native == std::endian::big) {
    return value;
  } else {
    auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<T>(bytes);
  }
}

/// Gathers a column from rows of bytes.
template <class T>
void decode(const std::byte* field, std::size_t stride, std::size_t nrow, std::size_t per_row, std::vector<T>& values) {
  values.resize(nrow * per_row);
  for (std::size_t irow = 0; irow < nrow; ++irow)
    for (std::size_t i = 0; i < per_row; ++i) {
      T value;
      std::memcpy(&value, field + irow * stride + i * sizeof(T), sizeof(T));
      values[irow * per_row + i] = swapped(value);
    }
}

void decode(const std::byte* field, std::size_t stride, std::size_t nrow, std::size_t width,
            std::vector<std::string>& values) {
  values.resize(nrow);
  for (std::size_t irow = 0; irow < nrow; ++irow) {
    std::string_view text(reinterpret_cast<const char*>(field + irow * stride), width);
    text = text.substr(0, std::min(text.find('\0'), text.size()));
    const auto end = text.find_last_not_of(' ');
    values[irow] = end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
  }
}

template <class T>
void encode(const std::vector<T>& values, std::size_t per_row, std::byte* field, std::size_t stride) {
  for (std::size_t at = 0; at < values.size(); ++at) {
    const T value = swapped(values[at]);
    std::memcpy(field + (at / per_row) * stride + (at % per_row) * sizeof(T), &value, sizeof(T));
  }
}

/// Rows are zero: texts end at a zero byte (FITS standard, section 7.3.3.1). Padded with blanks, a comparison such as
/// SPECTYPE == "QSO" would fail in astropy's Table and fitsio, which keep them.
void encode(const std::vector<std::string>& values, std::size_t width, std::byte* field, std::size_t stride) {
  for (std::size_t irow = 0; irow < values.size(); ++irow) {
    std::memcpy(field + irow * stride, values[irow].data(), std::min(width, values[irow].size()));
  }
}

/// FITS keeps truth values as the letters T and F, a zero byte for "undefined"; we hold 1, 0 and 255.
void decode_logical(std::vector<std::uint8_t>& values) {
  for (std::uint8_t& value : values) value = value == 'T' ? 1 : value == 'F' ? 0 : 255;
}

std::vector<std::uint8_t> encode_logical(std::vector<std::uint8_t> values) {
  for (std::uint8_t& value : values) value = value == 1 ? 'T' : value == 0 ? 'F' : 0;
  return values;
}

Column::Values empty_values(char code) {
  switch (code) {
    case 'I':
      return std::vector<std::int16_t>{};
    case 'J':
      return std::vector<std::int32_t>{};
    case 'K':
      return std::vector<std::int64_t>{};
    case 'E':
    case 'C':
      return std::vector<float>{};
    case 'D':
    case 'M':
      return std::vector<double>{};
    case 'A':
      return std::vector<std::string>{};
    default:
      return std::vector<std::uint8_t>{};
  }
}

Column describe(const Header& cards, int number, const std::string& path, const std::string& part) {
  const std::string n = std::to_string(number);
  Column column;
  column.name = cards.text("TTYPE" + n).value_or("COL" + n);
  for (const Card& card : cards.cards())
    if (card.key == "TTYPE" + n) column.description = card.comment;
  column.unit = cards.text("TUNIT" + n).value_or("");
  column.dim = cards.text("TDIM" + n).value_or("");
  column.display = cards.text("TDISP" + n).value_or("");
  column.zero = cards.number("TZERO" + n).value_or(0);
  column.scale = cards.number("TSCAL" + n).value_or(1);
  column.null = cards.integer("TNULL" + n);
  const std::string form = cards.text("TFORM" + n).value_or("");
  const std::size_t digits = std::min(form.find_first_not_of("0123456789"), form.size());
  column.code = digits < form.size() ? form[digits] : ' ';
  if (column.code == 'P' || column.code == 'Q')
    throw FileError(path, part,
                    fmt::format("expected columns of fixed length, found {} of variable length ({}). Remove the column "
                                "or make its length fixed.",
                                column.name, form));
  if (std::string_view("LBXIJKEDCMA").find(column.code) == std::string_view::npos || digits > 9)
    throw FileError(path, part,
                    fmt::format("expected a FITS column type in TFORM{}, found '{}'. Check the file.", n, form));
  column.repeat = digits == 0 ? 1 : std::stoi(form.substr(0, digits));
  column.values = empty_values(column.code);
  return column;
}

/// fpack -table stores tables as tables of compressed columns, which CFITSIO does not undo by itself.
Table read_compressed(fitsfile* file, const std::string& path, const std::string& part) {
  fitsfile* plain = nullptr;
  int status = 0;
  fits_create_file(&plain, "mem://", &status);
  fits_uncompress_table(file, plain, &status);
  fits_movabs_hdu(plain, 2, nullptr, &status);
  struct Delete {
    void operator()(fitsfile* f) const {
      int ignored = 0;
      fits_close_file(f, &ignored);
    }
  };
  const std::unique_ptr<fitsfile, Delete> guard(plain);
  check(status, path, part, ExitCode::input);
  return read_table(plain, path, part);
}

}  // namespace

std::size_t column_width(const Column& column) {
  if (column.code == 'A') return static_cast<std::size_t>(column.repeat);
  return column.values_per_row() * value_width(column.code);
}

Table read_table(fitsfile* file, const std::string& path, const std::string& part) {
  Header cards;
  for (Card& card : read_cards(file, path, part)) cards.append(std::move(card));
  if (cards.logical("ZTABLE").value_or(false)) return read_compressed(file, path, part);

  Table table;
  table.name = cards.text("EXTNAME").value_or("");
  const auto stride = static_cast<std::size_t>(cards.integer("NAXIS1").value_or(0));
  table.nrow = static_cast<std::size_t>(cards.integer("NAXIS2").value_or(0));
  std::size_t width = 0;
  for (int i = 1; i <= cards.integer("TFIELDS").value_or(0); ++i) {
    table.columns.push_back(describe(cards, i, path, part));
    width += column_width(table.columns.back());
  }
  table.need_unique_columns(path, ExitCode::input);
  if (width != stride)
    throw FileError(path, part,
                    fmt::format("expected rows of {} bytes from the columns' types, found NAXIS1 = {}. The header is "
                                "damaged; copy the file again.",
                                width, stride));

  if (stride == 0 && table.nrow > 0)
    throw FileError(
        path, part,
        fmt::format("expected rows of at least one byte, found {} rows without any (NAXIS1 = 0). Check the file.",
                    table.nrow));

  std::vector<std::byte> rows(table.nrow * stride);
  int status = 0;
  if (!rows.empty())
    fits_read_tblbytes(file, 1, 1, static_cast<LONGLONG>(rows.size()), reinterpret_cast<unsigned char*>(rows.data()),
                       &status);
  check(status, path, part, ExitCode::input);
  const std::byte* field = rows.data();
  for (Column& column : table.columns) {
    const std::size_t per_row = column.code == 'A' ? static_cast<std::size_t>(column.repeat) : column.values_per_row();
    std::visit([&](auto& values) { decode(field, stride, table.nrow, per_row, values); }, column.values);
    if (column.code == 'L') decode_logical(std::get<std::vector<std::uint8_t>>(column.values));
    field += column_width(column);
  }
  for (const Card& card : cards.cards())
    if (!is_structural(card.key)) table.header.append(card);
  return table;
}

void write_table(fitsfile* file, const std::string& path, const Table& table) {
  table.need_unique_columns(path, ExitCode::output);
  std::vector<std::string> names, forms, units;
  std::size_t stride = 0;
  for (const Column& column : table.columns) {
    const std::size_t size = std::visit([](const auto& values) { return values.size(); }, column.values);
    const std::size_t wanted = table.nrow * (column.code == 'A' ? 1 : column.values_per_row());
    if (size != wanted || empty_values(column.code).index() != column.values.index())
      throw FileError(
          path, table.name + "." + column.name,
          fmt::format("expected {} values of type {}, found {}. This is a defect of zspex.", wanted, column.code, size),
          ExitCode::output);
    names.push_back(column.name);
    forms.push_back((column.repeat == 1 ? "" : std::to_string(column.repeat)) + column.code);
    units.push_back(column.unit);
    stride += column_width(column);
  }
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    return out;
  };
  std::vector<char*> name = pointers(names), form = pointers(forms), unit = pointers(units);
  int status = 0;
  fits_create_tbl(file, BINARY_TBL, 0, static_cast<int>(table.columns.size()), name.data(), form.data(), unit.data(),
                  table.name.c_str(), &status);
  check(status, path, table.name, ExitCode::output);

  Header extra;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const std::string n = std::to_string(i + 1);
    if (column.zero != 0) {
      // 2^63 has no fraction; written as an integer it is read back exactly by all readers.
      if (column.zero == 9223372036854775808.0)
        extra.append({"TZERO" + n, "9223372036854775808", ""});
      else if (column.zero == static_cast<double>(static_cast<long long>(column.zero)))
        extra.set("TZERO" + n, static_cast<long long>(column.zero));
      else
        extra.set("TZERO" + n, column.zero);
    }
    if (column.scale != 1) extra.set("TSCAL" + n, column.scale);
    if (column.null) extra.set("TNULL" + n, *column.null);
    if (!column.dim.empty()) extra.set("TDIM" + n, column.dim);
    if (!column.display.empty()) extra.set("TDISP" + n, column.display);
    if (!column.description.empty())
      fits_modify_comment(file, ("TTYPE" + n).c_str(), column.description.c_str(), &status);
  }
  for (const Card& card : extra.cards()) write_card(file, card, status);
  write_cards(file, table.header, status);
  reserve_checksums(file, status);

  std::vector<std::byte> rows(table.nrow * stride);
  std::byte* field = rows.data();
  for (const Column& column : table.columns) {
    const std::size_t per_row = column.code == 'A' ? static_cast<std::size_t>(column.repeat) : column.values_per_row();
    if (column.code == 'L')
      encode(encode_logical(std::get<std::vector<std::uint8_t>>(column.values)), per_row, field, stride);
    else
      std::visit([&](const auto& values) { encode(values, per_row, field, stride); }, column.values);
    field += column_width(column);
  }
  if (!rows.empty())
    fits_write_tblbytes(file, 1, 1, static_cast<LONGLONG>(rows.size()), reinterpret_cast<unsigned char*>(rows.data()),
                        &status);
  check(status, path, table.name, ExitCode::output);
}

}  // namespace zspex::io::detail
