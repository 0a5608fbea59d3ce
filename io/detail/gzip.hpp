/// \file
/// gzip files into and out of memory, checked to their last byte. CFITSIO reads .gz itself, but takes a file that was
/// cut off for a shorter one and fills the missing pixels with zeros.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace zspex::io::detail {

/// Memory from malloc, not cleared: a frame has hundreds of MB, and CFITSIO wants to realloc.
struct Buffer {
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory;
  std::size_t size = 0;
};

/// The contents of the gzip file `path`, all members one after the other. Lengths and CRCs are checked.
/// \throws FileError (exit code `input`) if it is truncated or damaged.
Buffer gunzip(const std::string& path);

/// Compresses `bytes`, hands the pieces to `write`. No name and no time go into the stream: same bytes in, same bytes
/// out.
void gzip(const std::string& path, std::span<const std::byte> bytes,
          const std::function<void(std::span<const std::byte>)>& write);

}  // namespace zspex::io::detail
