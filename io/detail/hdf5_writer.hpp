/// \file
/// An HDF5 file that is made in memory and then written whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/detail/hdf5.hpp"
#include "io/table.hpp"

namespace zspex::io::detail {

/// Groups are made as needed, by path. Every dataset has `units` and `description`. In memory, because HDF5 does not
/// survive a disk that fills up while it closes a file. No times are stored: same contents, same bytes. Texts have a fixed
/// length, but for those beyond 60 kB, as HDF5 keeps others in a heap that it trusts; a seal (io/seal.hpp) ends the file.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::string& path);

  void group(const std::string& name);
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, const char* value) {
    attribute(object, name, std::string(value));
  }
  void attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);

  /// T: float, double, std::uint32_t, std::int64_t. Arrays of two and more dimensions are chunked, shuffled, compressed and
  /// checksummed. Without data: made, to be filled by rows().
  /// \param dimensions  what they run over, one name for each
  template <class T>
  void dataset(const std::string& name, const std::vector<std::size_t>& shape, const T* data, const std::string& units,
               const std::string& description, const std::vector<std::string>& dimensions);
  /// Fills rows [first, first + shape[0]) of a dataset of float.
  void rows(const std::string& name, std::size_t first, const std::vector<std::size_t>& shape, const float* data);
  /// A compound dataset; units and descriptions of its columns are attributes.
  /// \param rows  what its rows are
  void table(const std::string& name, const Table& table, const std::string& description, const std::string& rows);

  void finish();

 private:
  void write_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space, const void* data);
  void make_parents(const std::string& name);
  H5Handle create(const std::string& name, hid_t type, const std::vector<std::size_t>& shape, std::size_t value_size);

  std::string path_;
  H5Context context_;
  H5Handle file_;
};

}  // namespace zspex::io::detail
