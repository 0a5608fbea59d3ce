/// \file
/// A FITS file that is made in memory and then written whole.
#pragma once

#include <fitsio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/header.hpp"
#include "io/output.hpp"
#include "io/table.hpp"

namespace zspex::io::detail {

/// HDUs are appended in memory; finish() writes the file by write_whole(): gzipped if the name ends in .gz. Images of
/// two and more dimensions are tile-compressed without loss if it ends in .fz. Every HDU gets DATASUM and CHECKSUM. In
/// memory, because CFITSIO reads the HDU again for its checksum, and because a full disk then has one place to show
/// itself. All members throw FileError (exit code `output`).
class FitsWriter {
 public:
  /// \param bytes  about how large the file will be
  FitsWriter(const std::string& path, std::size_t bytes, WriteOptions options = {});
  ~FitsWriter();
  FitsWriter(const FitsWriter&) = delete;
  FitsWriter& operator=(const FitsWriter&) = delete;

  /// Appends an image. T: float, double, std::int32_t, std::uint32_t (stored with BZERO = 2^31).
  /// \param shape  the last index runs fastest
  template <class T>
  void image(const std::string& name, const std::vector<std::size_t>& shape, const T* data, const Header& header = {});
  void table(const Table& table);
  /// The primary HDU of a file whose data are all in extensions.
  void primary(const Header& header);
  void finish();

 private:
  void check(int status, const std::string& part, const std::string& doing);
  void add_checksums(const std::string& part);

  std::unique_lock<std::recursive_mutex> lock_;
  std::string path_;
  WriteOptions options_;
  void* memory_ = nullptr;  // CFITSIO reallocates it
  std::size_t capacity_ = 0;
  fitsfile* file_ = nullptr;
};

}  // namespace zspex::io::detail
