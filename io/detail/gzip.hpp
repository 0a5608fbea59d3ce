/// \file
/// gzip files into and out of memory, checked to their last byte. CFITSIO reads .gz itself, but takes a file that was
/// cut off for a shorter one and fills the missing pixels with zeros.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/detail/byte_source.hpp"
#include "io/output.hpp"

namespace zspex::io::detail {

/// Memory from malloc, not cleared: a frame has hundreds of MB, and CFITSIO wants to realloc.
struct Buffer {
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory;
  std::size_t size = 0;
  std::size_t capacity = 0;

  /// Makes it hold at least `wanted` bytes. \throws std::bad_alloc
  void reserve(std::size_t wanted);
};

/// The contents of a gzip file, all members one after the other, decompressed as far as they are asked for: what a file
/// holds can be looked at before memory is taken for all of it. Lengths and CRCs are checked.
class GunzipSource : public ByteSource {
 public:
  GunzipSource(FileSource& file, const std::string& path);
  ~GunzipSource() override;
  GunzipSource(const GunzipSource&) = delete;
  GunzipSource& operator=(const GunzipSource&) = delete;

  /// \throws FileError (exit code `input`) if the file is truncated or damaged.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) override;
  bool reaches(std::uint64_t end) override;
  /// Decompresses all that is left. \throws FileError
  void read_all();
  /// All that was decompressed; the source is empty afterwards.
  Buffer take() { return std::move(out_); }

 private:
  FileSource& file_;
  std::string path_;
  gzFile stream_;
  Buffer out_;
  bool ended_ = false;
};

/// Compresses `bytes` in parts, in threads, into one gzip member, and hands its pieces to `write`. No name and no time go
/// into it: same bytes in, same bytes out. Without compression it is still a gzip file.
void gzip(const std::string& path, std::span<const std::byte> bytes, WriteOptions options,
          const std::function<void(std::span<const std::byte>)>& write);

}  // namespace zspex::io::detail
