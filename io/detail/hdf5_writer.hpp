/// \file
/// An HDF5 file that is made in memory and then written whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/detail/hdf5.hpp"
#include "io/output.hpp"
#include "io/table.hpp"

namespace zspex::io::detail {

/// Groups are made as needed, by path. Every dataset has `units` and `description`. In memory, because HDF5 does not
/// survive a disk that fills up while it closes a file. No times are stored: same contents, same bytes. Texts have a fixed
/// length, but for those beyond 60 kB, as HDF5 keeps others in a heap that it trusts; a seal (io/seal.hpp) ends the file.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::string& path, WriteOptions options = {});

  void group(const std::string& name);
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, const char* value) {
    attribute(object, name, std::string(value));
  }
  void attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);

  /// T: float, double, std::uint32_t, std::int64_t. Arrays of two and more dimensions are chunked, shuffled, compressed (in
  /// threads: HDF5 itself is called by one) and checksummed. Without data: made, to be filled by rows().
  /// \param dimensions  what they run over, one name for each
  template <class T>
  void dataset(const std::string& name, const std::vector<std::size_t>& shape, const T* data, const std::string& units,
               const std::string& description, const std::vector<std::string>& dimensions);
  /// Fills rows [first, first + shape[0]) of a dataset of float with chunks, each row once. A chunk is written when it is
  /// whole: the order of the rows may change the file's bytes, but not how many come at once.
  void rows(const std::string& name, std::size_t first, const std::vector<std::size_t>& shape, const float* data);
  /// A compound dataset; units and descriptions of its columns are attributes.
  /// \param rows  what its rows are
  void table(const std::string& name, const Table& table, const std::string& description, const std::string& rows);

  void finish();

 private:
  void write_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space, const void* data);
  void make_parents(const std::string& name);
  /// A dataset's chunks are whole rows.
  struct Chunks {
    std::size_t nrow = 0, ndim = 0;
    std::size_t chunk_rows = 0;  ///< of a chunk; the last one may have fewer
    std::size_t row_bytes = 0, value_size = 0;
    struct Begun {
      std::vector<std::byte> bytes;
      std::size_t nrow = 0;  ///< that have come
    };
    std::map<std::size_t, Begun> begun;  ///< by chunk; each is written when it is whole
  };
  struct RawChunk {
    std::size_t ichunk;
    std::span<const std::byte> raw;  ///< all its rows
  };

  /// Chunked, if `chunks` says how.
  H5Handle create(const std::string& name, hid_t type, const std::vector<std::size_t>& shape, const Chunks* chunks);
  void add_rows(const std::string& name, std::size_t first, std::span<const std::byte> bytes);
  void write_chunks(const std::string& name, const Chunks& chunks, const std::vector<RawChunk>& raw);

  std::string path_;
  WriteOptions options_;
  H5Context context_;
  H5Handle file_;
  std::map<std::string, Chunks> chunks_;  ///< by dataset
};

}  // namespace zspex::io::detail
