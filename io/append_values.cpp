#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "io/table.hpp"

namespace zspex::io {
namespace {

/// How a column stores whole numbers.
struct IntegerType {
  char code;
  double zero;  ///< TZERO
  int bits;     ///< of the numbers, without a sign
  bool is_unsigned;
};

/// Narrow ones first.
constexpr std::array<IntegerType, 8> integer_types = {{{'B', 0, 8, true},
                                                       {'B', -128, 7, false},
                                                       {'I', 0, 15, false},
                                                       {'I', 32768, 16, true},
                                                       {'J', 0, 31, false},
                                                       {'J', 2147483648.0, 32, true},
                                                       {'K', 0, 63, false},
                                                       {'K', 9223372036854775808.0, 64, true}}};

const IntegerType* integer_type(const Column& column) {
  const auto at = std::find_if(integer_types.begin(), integer_types.end(), [&](const IntegerType& type) {
    return type.code == column.code && type.zero == column.zero && column.scale == 1;
  });
  return at == integer_types.end() ? nullptr : &*at;
}

bool holds(const IntegerType& type, const IntegerType& other) {
  return type.bits >= other.bits && (!type.is_unsigned || other.is_unsigned);
}

bool is_number(const Column& column) { return std::string_view("BIJKED").find(column.code) != std::string_view::npos; }

template <class T, class From>
Column::Values converted(const std::vector<From>& from) {
  std::vector<T> to;
  to.reserve(from.size());
  for (const From value : from) to.push_back(static_cast<T>(value));
  return to;
}

Column as_integers(const Column& column, const IntegerType& type) {
  std::vector<std::int64_t> stored = integers_of(column);
  const std::uint64_t zero =
      type.zero < 0 ? -static_cast<std::uint64_t>(-type.zero) : static_cast<std::uint64_t>(type.zero);
  for (std::int64_t& value : stored) value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) - zero);
  Column out = column;
  out.code = type.code;
  out.zero = type.zero;
  out.values = type.code == 'B'   ? converted<std::uint8_t>(stored)
               : type.code == 'I' ? converted<std::int16_t>(stored)
               : type.code == 'J' ? converted<std::int32_t>(stored)
                                  : Column::Values(std::move(stored));
  return out;
}

Column as_reals(const Column& column, char code) {
  Column out = column;
  out.code = code;
  out.zero = 0;
  out.scale = 1;
  out.values = code == 'E' ? converted<float>(numbers_of(column)) : Column::Values(numbers_of(column));
  return out;
}

/// float holds 24 bits of a whole number.
bool fits_float(const Column& column) {
  const IntegerType* type = integer_type(column);
  return type ? type->bits <= 16 : column.code == 'E' && column.scale == 1 && column.zero == 0;
}

/// 2^63 and above, which no signed type holds.
bool has_huge(const Column& column) {
  const auto values = integers_of(column);
  return std::any_of(values.begin(), values.end(), [](std::int64_t value) { return value < 0; });
}

/// Both columns in the type that holds both; nothing if there is none.
std::optional<std::array<Column, 2>> in_one_type(const Column& a, const Column& b) {
  if (!is_number(a) || !is_number(b) || a.null || b.null) return std::nullopt;
  const IntegerType *type_a = integer_type(a), *type_b = integer_type(b);
  if (type_a && type_b) {
    for (const IntegerType& type : integer_types)
      if (holds(type, *type_a) && holds(type, *type_b)) return {{as_integers(a, type), as_integers(b, type)}};
    if (has_huge(type_a->bits == 64 ? a : b)) return std::nullopt;
    const IntegerType& widest_signed = integer_types[6];
    return {{as_integers(a, widest_signed), as_integers(b, widest_signed)}};
  }
  const char code = fits_float(a) && fits_float(b) ? 'E' : 'D';
  return {{as_reals(a, code), as_reals(b, code)}};
}

bool same_type(const Column& a, const Column& b) {
  return a.code == b.code && a.zero == b.zero && a.scale == b.scale && (a.null == b.null || !a.null || !b.null);
}

}  // namespace

bool append_values(Column& column, const Column& more) {
  if (column.repeat != more.repeat && (column.code != 'A' || more.code != 'A')) return false;
  std::optional<std::array<Column, 2>> both;
  if (!same_type(column, more)) {
    both = in_one_type(column, more);
    if (!both) return false;
    column = std::move((*both)[0]);
  }
  column.repeat = std::max(column.repeat, more.repeat);
  if (column.unit.empty()) column.unit = more.unit;
  if (!column.null) column.null = more.null;
  std::visit(
      [&](auto& to) {
        const auto& from = std::get<std::decay_t<decltype(to)>>((both ? (*both)[1] : more).values);
        to.insert(to.end(), from.begin(), from.end());
      },
      column.values);
  return true;
}

}  // namespace zspex::io
