#include "io/detail/hdf5_table.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace zspex::io::detail {
namespace {

/// TZERO of unsigned columns: 2^(bits - 1); of signed bytes -128.
double unsigned_zero(char code) {
  switch (code) {
    case 'B':
      return -128;
    case 'I':
      return 32768;
    case 'J':
      return 2147483648.0;
    case 'K':
      return 9223372036854775808.0;
    default:
      return 0;
  }
}

bool has_other_sign(const Column& column) {
  return column.zero != 0 && column.scale == 1 && column.zero == unsigned_zero(column.code);
}

bool is_scaled(const Column& column) {
  return (column.zero != 0 || column.scale != 1) && !has_other_sign(column) &&
         std::string_view("AXLCM").find(column.code) == std::string_view::npos;
}

/// As h5py stores numpy's bool.
H5Handle bool_type() {
  H5Handle type(H5Tenum_create(H5T_NATIVE_INT8), &H5Tclose);
  std::int8_t value = 0;
  H5Tenum_insert(type, "FALSE", &value);
  value = 1;
  H5Tenum_insert(type, "TRUE", &value);
  return type;
}

H5Handle copy_of(hid_t type) { return {H5Tcopy(type), &H5Tclose}; }

H5Handle text_type(int width) {
  H5Handle type = copy_of(H5T_C_S1);
  H5Tset_size(type, static_cast<std::size_t>(std::max(1, width)));
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

/// Type of one value of the column.
H5Handle value_type(const Column& column) {
  if (is_scaled(column)) return copy_of(H5T_NATIVE_DOUBLE);
  const bool other = has_other_sign(column);
  switch (column.code) {
    case 'L':
      return bool_type();
    case 'I':
      return copy_of(other ? H5T_NATIVE_UINT16 : H5T_NATIVE_INT16);
    case 'J':
      return copy_of(other ? H5T_NATIVE_UINT32 : H5T_NATIVE_INT32);
    case 'K':
      return copy_of(other ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64);
    case 'E':
    case 'C':
      return copy_of(H5T_NATIVE_FLOAT);
    case 'D':
    case 'M':
      return copy_of(H5T_NATIVE_DOUBLE);
    case 'A':
      return text_type(column.repeat);
    default:
      return copy_of(other ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8);
  }
}

/// "(4,500)" -> {500, 4}; {n} if it does not describe n values.
std::vector<hsize_t> array_shape(const std::string& dim, std::size_t n) {
  std::vector<hsize_t> shape;
  hsize_t product = 1;
  const char* digits = "0123456789";
  for (auto at = dim.find_first_of(digits); at != std::string::npos;) {
    const auto end = std::min(dim.find_first_not_of(digits, at), dim.size());
    if (end - at > 9) return {n};
    shape.insert(shape.begin(), std::stoull(dim.substr(at, end - at)));
    product *= shape.front();
    at = dim.find_first_of(digits, end);
  }
  return shape.empty() || product != n ? std::vector<hsize_t>{n} : shape;
}

H5Handle member_type(const Column& column) {
  H5Handle value = value_type(column);
  const std::size_t n = column.values_per_row();
  if (column.code == 'A' || n == 1) return value;
  const std::vector<hsize_t> shape = array_shape(column.dim, n);
  return {H5Tarray_create2(value, static_cast<unsigned>(shape.size()), shape.data()), &H5Tclose};
}

/// Columns of no values (0A apart) can't be a member.
bool is_storable(const Column& column) { return column.code == 'A' || column.values_per_row() > 0; }

struct Layout {
  H5Handle type;
  std::vector<Member> members;  // one for each column; size 0 for those left out
  std::size_t stride = 0;
};

Layout lay_out(const H5Context& context, const Table& table) {
  Layout layout;
  for (const Column& column : table.columns) {
    Member member;
    member.offset = layout.stride;
    if (is_storable(column)) {
      member.type = member_type(column);
      context.check(member.type < 0 ? -1 : 0, table.name + "." + column.name, "make a type for the column");
      member.size = H5Tget_size(member.type);
    }
    layout.stride += member.size;
    layout.members.push_back(std::move(member));
  }
  layout.type = context.own(H5Tcreate(H5T_COMPOUND, std::max<std::size_t>(1, layout.stride)), &H5Tclose, table.name,
                            "make a type for the table");
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (layout.members[i].size > 0)
      context.check(
          H5Tinsert(layout.type, table.columns[i].name.c_str(), layout.members[i].offset, layout.members[i].type),
          table.name + "." + table.columns[i].name, "add the column");
  return layout;
}

template <class T>
void put(std::byte* field, std::size_t stride, std::size_t nrow, std::size_t per_row, const std::vector<T>& values) {
  if constexpr (std::is_same_v<T, std::string>) {
    for (std::size_t irow = 0; irow < nrow; ++irow)
      std::memcpy(field + irow * stride, values[irow].data(), std::min(values[irow].size(), per_row));
  } else {
    for (std::size_t irow = 0; irow < nrow; ++irow)
      std::memcpy(field + irow * stride, values.data() + irow * per_row, per_row * sizeof(T));
  }
}

/// Adds 2^(bits - 1) modulo 2^bits: stored to physical values, and back.
template <class T>
std::vector<T> with_other_sign(std::vector<T> values) {
  if constexpr (std::is_integral_v<T>) {
    using Bits = std::make_unsigned_t<T>;
    constexpr Bits top = static_cast<Bits>(Bits{1} << (std::numeric_limits<Bits>::digits - 1));
    for (T& value : values) value = static_cast<T>(static_cast<Bits>(value) ^ top);
  }
  return values;
}

template <class T>
std::vector<double> scaled(const Column& column, const std::vector<T>& values) {
  std::vector<double> out;
  if constexpr (std::is_arithmetic_v<T>)
    for (const T value : values) out.push_back(column.zero + column.scale * static_cast<double>(value));
  return out;
}

template <class T>
Column::Values no_values() {
  return std::vector<T>{};
}

/// Sets code, zero and an empty vector of the right type from the type of one value.
bool describe_value(hid_t type, Column& column) {
  const H5T_class_t kind = H5Tget_class(type);
  const std::size_t size = H5Tget_size(type);
  if (kind == H5T_STRING && H5Tis_variable_str(type) == 0) {
    column.code = 'A';
    column.repeat = static_cast<int>(size);
    column.values = no_values<std::string>();
  } else if (kind == H5T_ENUM && size == 1) {
    column.code = 'L';
    column.values = no_values<std::uint8_t>();
  } else if (kind == H5T_FLOAT && (size == 4 || size == 8)) {
    column.code = size == 4 ? 'E' : 'D';
    column.values = size == 4 ? no_values<float>() : no_values<double>();
  } else if (kind == H5T_INTEGER && (size == 1 || size == 2 || size == 4 || size == 8)) {
    column.code = size == 1 ? 'B' : size == 2 ? 'I' : size == 4 ? 'J' : 'K';
    if ((H5Tget_sign(type) == H5T_SGN_2) == (size == 1)) column.zero = unsigned_zero(column.code);
    column.values = size == 1   ? no_values<std::uint8_t>()
                    : size == 2 ? no_values<std::int16_t>()
                    : size == 4 ? no_values<std::int32_t>()
                                : no_values<std::int64_t>();
  } else {
    return false;
  }
  return true;
}

}  // namespace

CompoundRows to_compound(const H5Context& context, const Table& table) {
  table.need_unique_columns(context.path(), ExitCode::output);
  Layout layout = lay_out(context, table);
  std::vector<std::byte> rows(table.nrow * std::max<std::size_t>(1, layout.stride));
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const Member& member = layout.members[i];
    if (member.size == 0) continue;
    const std::size_t per_row = column.code == 'A' ? static_cast<std::size_t>(column.repeat) : column.values_per_row();
    std::byte* field = rows.data() + member.offset;
    std::visit(
        [&](const auto& values) {
          if (is_scaled(column)) {
            put(field, layout.stride, table.nrow, per_row, scaled(column, values));
          } else if (has_other_sign(column)) {
            put(field, layout.stride, table.nrow, per_row, with_other_sign(values));
          } else {
            put(field, layout.stride, table.nrow, per_row, values);
          }
        },
        column.values);
    if (column.code == 'L')  // "undefined" has no place in a bool
      for (std::size_t irow = 0; irow < table.nrow; ++irow)
        for (std::size_t k = 0; k < per_row; ++k) {
          std::byte& value = field[irow * layout.stride + k];
          if (value > std::byte{1}) value = std::byte{0};
        }
  }
  return {std::move(layout.type), std::move(rows)};
}

Table columns_of(const H5Context& context, hid_t type, const std::string& part) {
  if (H5Tget_class(type) != H5T_COMPOUND)
    context.refuse(part, "expected a table (compound type), found another type. Check the file.");
  constexpr std::size_t most_bytes = std::size_t{1} << 30;
  Table table;
  const int n = H5Tget_nmembers(type);
  for (int i = 0; i < n; ++i) {
    const auto number = static_cast<unsigned>(i);
    Column column;
    char* name = H5Tget_member_name(type, number);
    column.name = name ? name : "";
    H5free_memory(name);
    H5Handle member =
        context.own(H5Tget_member_type(type, number), &H5Tclose, part + "." + column.name, "read the column's type");
    if (H5Tget_size(member) > most_bytes)
      context.refuse(part + "." + column.name, "expected at most {} bytes per row, found {}. Check the file.",
                     most_bytes, H5Tget_size(member));
    int repeat = 1;
    if (H5Tget_class(member) == H5T_ARRAY) {
      std::vector<hsize_t> shape(static_cast<std::size_t>(std::max(0, H5Tget_array_ndims(member))));
      H5Tget_array_dims2(member, shape.data());
      for (const hsize_t length : shape) repeat *= static_cast<int>(length);
      if (shape.size() > 1) column.dim = fmt::format("({})", fmt::join(shape.rbegin(), shape.rend(), ","));
      member = context.own(H5Tget_super(member), &H5Tclose, part + "." + column.name, "read the column's type");
    }
    const bool is_array = repeat != 1;
    if (!describe_value(member, column) || (is_array && column.code == 'A'))
      context.refuse(part + "." + column.name,
                     "expected numbers, bools or strings of fixed length, found another type. Check the file.");
    if (column.code != 'A') column.repeat = repeat;
    table.columns.push_back(std::move(column));
  }
  return table;
}

H5Handle memory_type(const H5Context& context, const Table& table) { return std::move(lay_out(context, table).type); }

void take_rows(const std::vector<std::byte>& rows, std::size_t nrow, Table& table) {
  std::size_t stride = 0, offset = 0;
  const auto width = [](const Column& column) {
    if (column.code == 'A') return static_cast<std::size_t>(column.repeat);
    const std::size_t value = std::visit([](const auto& v) { return sizeof(v[0]); }, column.values);
    return value * column.values_per_row();
  };
  for (const Column& column : table.columns) stride += width(column);
  table.nrow = nrow;
  for (Column& column : table.columns) {
    const std::byte* field = rows.data() + offset;
    const std::size_t per_row = column.values_per_row(), bytes = width(column);
    std::visit(
        [&](auto& values) {
          using T = typename std::decay_t<decltype(values)>::value_type;
          values.resize(nrow * per_row);
          for (std::size_t irow = 0; irow < nrow; ++irow) {
            if constexpr (std::is_same_v<T, std::string>) {
              const std::string_view text(reinterpret_cast<const char*>(field + irow * stride), bytes);
              values[irow] = text.substr(0, std::min(text.find('\0'), text.size()));
            } else {
              std::memcpy(values.data() + irow * per_row, field + irow * stride, bytes);
            }
          }
          if (has_other_sign(column)) values = with_other_sign(std::move(values));
        },
        column.values);
    offset += bytes;
  }
}

}  // namespace zspex::io::detail
