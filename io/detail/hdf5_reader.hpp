/// \file
/// An open HDF5 file: datasets and tables by path, checked for shape and type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "io/detail/hdf5.hpp"
#include "io/reading.hpp"
#include "io/table.hpp"

namespace zspex::io::detail {

/// True if the file begins as an HDF5 file. Anything else is left to the FITS reader, whose errors fit missing, empty and
/// foreign files alike.
bool is_hdf5(const std::string& path);

/// \throws FileError (exit code `input`)
class Hdf5Reader {
 public:
  /// \throws FileError when the file is missing, empty, truncated or not HDF5.
  explicit Hdf5Reader(const std::string& path);

  const H5Context& context() const { return context_; }
  bool has(const std::string& name) const;
  bool is_group(const std::string& name) const;
  /// Names in a group, in alphabetical order; empty if there is no such group.
  std::vector<std::string> children(const std::string& group) const;
  std::vector<std::size_t> shape(const std::string& dataset) const;
  /// "float32", "uint32", "table of 8 columns", ...
  std::string type_name(const std::string& dataset) const;
  std::uint64_t stored_bytes(const std::string& dataset) const;

  /// Rows [first, first + n) along the first dimension.
  template <class T>
  std::vector<T> rows(const std::string& dataset, std::size_t first, std::size_t n) const;
  template <class T>
  std::vector<T> array1(const std::string& dataset) const;
  template <class T>
  Array2<T> array2(const std::string& dataset) const;
  template <class T>
  Array3<T> array3(const std::string& dataset) const;
  Table table(const std::string& dataset) const;

  /// Nothing if absent or of another type.
  std::optional<std::string> text(const std::string& object, const std::string& attribute) const;
  std::vector<std::string> texts(const std::string& object, const std::string& attribute) const;
  std::optional<std::int64_t> integer(const std::string& object, const std::string& attribute) const;

 private:
  H5Handle open(const std::string& dataset) const;
  std::vector<std::size_t> shape_of(hid_t dataset, const std::string& name) const;
  std::vector<std::size_t> need_dimensions(const std::string& dataset, std::size_t ndim) const;
  std::size_t need_plausible(hid_t handle, const std::string& dataset, const std::vector<std::size_t>& shape,
                             std::size_t value_size) const;
  H5Handle open_attribute(const std::string& object, const std::string& attribute) const;

  H5Context context_;
  ReadingNote reading_;
  std::uint64_t size_ = 0;  ///< bytes of the file
  H5Handle file_;
};

}  // namespace zspex::io::detail
