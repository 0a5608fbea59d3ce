/// \file
/// Tables as HDF5 compound datasets: how a FITS column looks as a member, and back.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "io/detail/hdf5.hpp"
#include "io/table.hpp"

namespace zspex::io::detail {

/// One member of the compound type.
struct Member {
  H5Handle type;
  std::size_t offset = 0, size = 0;
};

/// A compound type without gaps, and its rows as bytes in that type.
/// Columns become what h5py users expect: unsigned integers (FITS: signed with TZERO) unsigned, L h5py's bool, scaled
/// columns double, strings of fixed length, columns with several values per row arrays (of TDIM's shape), complex numbers
/// pairs. Two columns of one name are refused.
struct CompoundRows {
  H5Handle type;
  std::vector<std::byte> rows;
};
CompoundRows to_compound(const H5Context& context, const Table& table);

/// Describes the columns of a compound type, without values. Members of kinds that a Table has no column for are
/// refused.
Table columns_of(const H5Context& context, hid_t type, const std::string& part);
/// The type that read_rows() needs in memory for these columns, and the columns' values from such rows.
H5Handle memory_type(const H5Context& context, const Table& table);
void take_rows(const std::vector<std::byte>& rows, std::size_t nrow, Table& table);

}  // namespace zspex::io::detail
