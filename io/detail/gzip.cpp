#include "io/detail/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include "config/base/error.hpp"

namespace zspex::io::detail {
namespace {

constexpr int gzip_only = 15 + 16;  // zlib's windowBits: 32 KiB window, gzip header and trailer
constexpr std::size_t chunk = std::size_t{1} << 20;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

void grow(Buffer& buffer, std::size_t& capacity, std::size_t wanted) {
  void* memory = std::realloc(buffer.memory.get(), wanted);
  if (!memory) throw std::bad_alloc();
  (void)buffer.memory.release();
  buffer.memory.reset(memory);
  capacity = wanted;
}

/// The trailer holds the contents' length modulo 2^32. Only a hint: it is wrong in a truncated file.
std::size_t guess_size(std::FILE* file, std::size_t compressed) {
  unsigned char trailer[4] = {};
  std::size_t size = 0;
  if (std::fseek(file, -4, SEEK_END) == 0 && std::fread(trailer, 1, 4, file) == 4)
    size = trailer[0] | trailer[1] << 8 | trailer[2] << 16 | std::size_t{trailer[3]} << 24;
  std::rewind(file);
  constexpr std::size_t best_ratio = 1032;  // deflate can't do better
  return size >= compressed / 2 && size / best_ratio <= compressed ? size + 1 : 4 * compressed + chunk;
}

[[noreturn]] void damaged(const std::string& path, const std::string& found) {
  throw FileError(path, "", "expected a whole gzip file, found " + found + ". Copy the file again, or make it again.");
}

}  // namespace

Buffer gunzip(const std::string& path) {
  const File file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) throw FileError(path, "", std::string("expected a file that can be read, found: ") + std::strerror(errno));
  std::fseek(file.get(), 0, SEEK_END);
  const auto compressed = static_cast<std::size_t>(std::max(0l, std::ftell(file.get())));

  Buffer out;
  std::size_t capacity = 0;
  grow(out, capacity, guess_size(file.get(), compressed));
  z_stream stream{};
  if (inflateInit2(&stream, gzip_only) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &inflateEnd);
  std::vector<unsigned char> in(chunk);
  bool whole = false;  // at the end of a member
  for (;;) {
    if (stream.avail_in == 0) {
      stream.avail_in = static_cast<uInt>(std::fread(in.data(), 1, in.size(), file.get()));
      stream.next_in = in.data();
      if (std::ferror(file.get())) damaged(path, std::string("a read error: ") + std::strerror(errno));
      if (stream.avail_in == 0) break;
    }
    if (whole) {
      if (*stream.next_in != 0x1f) break;  // padding after the last member, as gzip itself allows
      inflateReset(&stream);
      whole = false;
    }
    if (out.size == capacity) grow(out, capacity, capacity + capacity / 2);
    const std::size_t room = std::min<std::size_t>(capacity - out.size, std::numeric_limits<uInt>::max());
    stream.next_out = static_cast<Bytef*>(out.memory.get()) + out.size;
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_NO_FLUSH);
    out.size += room - stream.avail_out;
    if (status == Z_STREAM_END)
      whole = true;
    else if (status != Z_OK && status != Z_BUF_ERROR)
      damaged(path, std::string("damaged data: ") + (stream.msg ? stream.msg : "it can't be decompressed"));
  }
  if (!whole) damaged(path, "that it is truncated (" + std::to_string(compressed) + " bytes)");
  return out;
}

void gzip(const std::string& path, std::span<const std::byte> bytes,
          const std::function<void(std::span<const std::byte>)>& write) {
  // Noise does not get smaller by trying harder: level 6 takes several times as long for less than 1 %.
  constexpr int level = 2;
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_only, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &deflateEnd);
  std::vector<std::byte> out(chunk);
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (stream.avail_in == 0 && !bytes.empty()) {
      const std::size_t n = std::min(bytes.size(), chunk);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));  // zlib does not write there
      stream.avail_in = static_cast<uInt>(n);
      bytes = bytes.subspan(n);
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    status = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    if (status == Z_STREAM_ERROR)
      throw FileError(path, "", "expected zlib to compress it, found an error", ExitCode::output);
    write({out.data(), out.size() - stream.avail_out});
  }
}

}  // namespace zspex::io::detail
