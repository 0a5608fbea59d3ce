#include "io/detail/gzip.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::io::detail {
namespace {

constexpr int gzip_only = 15 + 16;  // zlib's windowBits: 32 KiB window, gzip header and trailer
constexpr std::size_t chunk = std::size_t{1} << 20;
// Deflate can't do better than 1032 to 1.
constexpr std::uint64_t best_ratio = 1032;

[[noreturn]] void damaged(const std::string& path, const std::string& found) {
  throw FileError(path, "", "expected a whole gzip file, found " + found + ". Copy the file again, or make it again.");
}

}  // namespace

void Buffer::reserve(std::size_t wanted) {
  if (wanted <= capacity) return;
  void* larger = std::realloc(memory.get(), wanted);
  if (!larger) throw std::bad_alloc();
  (void)memory.release();
  memory.reset(larger);
  capacity = wanted;
}

GunzipSource::GunzipSource(FileSource& file, const std::string& path)
    : file_(file), path_(path), stream_(gzdopen(dup(file.descriptor()), "rb")) {
  if (!stream_ || gzbuffer(stream_, chunk) != 0) throw std::bad_alloc();
}

GunzipSource::~GunzipSource() { (void)gzclose_r(stream_); }

std::size_t GunzipSource::read(std::uint64_t offset, std::span<std::byte> out) {
  (void)reaches(offset + out.size());
  return MemorySource({static_cast<const std::byte*>(out_.memory.get()), out_.size}).read(offset, out);
}

bool GunzipSource::reaches(std::uint64_t end) {
  if (end / best_ratio > file_.size()) return false;  // whatever follows, and without asking for memory
  while (out_.size < end && !ended_) {
    // Step by step: a damaged header may promise much that doesn't come.
    if (out_.size == out_.capacity)
      out_.reserve(std::max(std::min<std::size_t>(end, 2 * out_.capacity + chunk), out_.capacity + out_.capacity / 8));
    const std::size_t room = std::min(out_.capacity, static_cast<std::size_t>(end)) - out_.size;
    const auto wanted = static_cast<unsigned>(std::min<std::size_t>(room, std::numeric_limits<int>::max()));
    const int n = gzread(stream_, static_cast<std::byte*>(out_.memory.get()) + out_.size, wanted);
    int error = Z_OK;
    std::string words = gzerror(stream_, &error);  // "<fd:5>: incorrect data check"
    if (error == Z_BUF_ERROR) damaged(path_, fmt::format("that it is truncated ({} bytes)", file_.size()));
    if (n < 0) damaged(path_, "damaged data: " + words.substr(words.find(' ') + 1));
    out_.size += static_cast<std::size_t>(n);
    ended_ = static_cast<unsigned>(n) < wanted;
  }
  return out_.size >= end;
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
