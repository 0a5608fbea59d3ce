/// \file
/// An open FITS file: its HDUs by name, their headers, pixels and tables. Checked to be whole when it is opened.
#pragma once

#include <fitsio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/array.hpp"
#include "core/error.hpp"
#include "core/format.hpp"
#include "io/checksums.hpp"
#include "io/detail/byte_source.hpp"
#include "io/detail/fits_layout.hpp"
#include "io/detail/gzip.hpp"
#include "io/header.hpp"
#include "io/reading.hpp"
#include "io/table.hpp"

namespace zspex::io::detail {

/// What an HDU holds. A tile-compressed image is an image.
struct HduInfo {
  enum class Kind { image, table, ascii_table };
  int number = 1;    ///< from 1
  std::string name;  ///< EXTNAME, upper case; empty if absent
  Kind kind = Kind::image;
  bool compressed = false;         ///< tile compressed
  int pixel_type = 0;              ///< CFITSIO's BITPIX code with BZERO and BSCALE applied, for example ULONG_IMG
  std::vector<std::size_t> shape;  ///< of an image, the last index runs fastest; of a table: rows, columns
  std::uint64_t bytes = 0;         ///< of the data in the file, with padding
};

/// Reads plain, gzipped and tile-compressed files.
class FitsReader {
 public:
  /// Opens the file and walks over its HDUs: sizes, and checksums where the headers have them, are looked at before CFITSIO
  /// gets the file.
  /// \throws FileError when it is missing, empty, not FITS, damaged or shorter than its headers say.
  explicit FitsReader(const std::string& path, Checksums checksums = Checksums::verify);
  /// The same of a file whose contents are in memory, decompressed and looked at before; they must stay.
  /// \param contents  empty: the file is opened
  FitsReader(const std::string& path, std::span<const std::byte> contents);

  const std::string& path() const { return path_; }
  const std::vector<HduInfo>& hdus() const { return hdus_; }
  /// What is odd about the file but does no harm, each with the file's name: for the log.
  const std::vector<std::string>& notes() const { return layout_.notes; }
  bool has(std::string_view name) const;
  /// Nothing if there is none. \throws FileError if there are two: nobody knows which is meant.
  const HduInfo* find(std::string_view name) const;
  const HduInfo& need(std::string_view name) const;
  /// An image of N dimensions by name, which may have no rows: an extent of 0 along the first (slowest) dimension.
  const HduInfo& need_rows(std::string_view name, std::size_t ndim) const;
  /// An image of N dimensions by name, with pixels.
  const HduInfo& need_image(std::string_view name, std::size_t ndim) const;

  /// Cards without the structural ones.
  Header header(const HduInfo& hdu);
  /// Pixels [first, first + n) into `out`, converted to T; NaN stays NaN. T: float, double, std::uint32_t (bit masks).
  template <class T>
  void pixels(const HduInfo& hdu, std::size_t first, std::size_t n, T* out);
  template <class T>
  Array2<T> image2(const HduInfo& hdu);
  template <class T>
  Array3<T> image3(const HduInfo& hdu);
  template <class T>
  std::vector<T> image1(const HduInfo& hdu);
  Table table(const HduInfo& hdu);

  /// "expected ..., found ..." about an HDU of this file.
  [[noreturn]] void refuse(std::string_view part, const std::string& what) const { throw FileError(path_, part, what); }
  template <class... Args>
  [[noreturn]] void refuse(std::string_view part, fmt::format_string<Args...> what, Args&&... args) const {
    refuse(part, fmt::format(what, std::forward<Args>(args)...));
  }

 private:
  struct Close {
    void operator()(fitsfile* file) const;
  };
  void look(Checksums checksums);
  void complete(std::span<const std::byte> bytes);
  void open();
  void walk();
  void check_compressed(const HduInfo& hdu);
  template <class Action>
  void with_bytes(const Action& action);
  void go_to(const HduInfo& hdu);
  void check(int status, std::string_view part, std::string_view doing) const;
  void mask_pixels(const HduInfo& hdu, std::size_t first, std::size_t n, std::uint32_t* out);

  std::unique_lock<std::recursive_mutex> lock_;
  std::string path_;
  ReadingNote reading_;
  std::unique_ptr<FileSource> disk_;
  FitsLayout layout_;
  Buffer memory_;                        // of a gzipped file, or one without its last padding
  std::span<const std::byte> contents_;  // in memory, of all HDUs: these must outlive file_
  void* memory_pointer_ = nullptr;
  std::size_t memory_size_ = 0;
  std::set<int> checked_;  // numbers of compressed HDUs
  std::unique_ptr<fitsfile, Close> file_;
  std::vector<HduInfo> hdus_;
};

std::string to_string(const std::vector<std::size_t>& shape);

}  // namespace zspex::io::detail
