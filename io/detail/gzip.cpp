#include "io/detail/gzip.hpp"

#include <fmt/core.h>
#include <libdeflate.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/in_threads.hpp"

namespace zspex::io::detail {
namespace {

constexpr int raw_deflate = -15;  // zlib's windowBits: 32 KiB window, without header and trailer
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

void GunzipSource::read_all() { (void)reaches(file_.size() * best_ratio); }

namespace {

/// Raw deflate of one part, up to the end of a byte, so that another may follow.
std::vector<std::byte> deflate_part(const std::string& path, std::span<const std::byte> part, bool is_last, int level,
                                    int strategy) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, raw_deflate, 9, strategy) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &deflateEnd);
  constexpr std::size_t flush = 64;  // more than a flush takes
  std::vector<std::byte> out(deflateBound(&stream, static_cast<uLong>(part.size())) + flush);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(part.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(part.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, is_last ? Z_FINISH : Z_SYNC_FLUSH);
  if (status != (is_last ? Z_STREAM_END : Z_OK) || stream.avail_in > 0 || stream.avail_out == 0)
    throw FileError(path, "", "expected zlib to compress it, found an error", ExitCode::output);
  out.resize(out.size() - stream.avail_out);
  return out;
}

/// Floats with noise repeat nothing, and looking for it takes two thirds of the time: `fast` looks for runs of one byte
/// only (of frames, 1 % larger), and further in parts that already shrink more than noise does.
std::vector<std::byte> deflate_part(const std::string& path, std::span<const std::byte> part, bool is_last,
                                    Compress compress) {
  constexpr int fast = 2, best = 9;
  if (compress == Compress::none) return deflate_part(path, part, is_last, Z_NO_COMPRESSION, Z_DEFAULT_STRATEGY);
  if (compress == Compress::best) return deflate_part(path, part, is_last, best, Z_DEFAULT_STRATEGY);
  std::vector<std::byte> out = deflate_part(path, part, is_last, fast, Z_RLE);
  if (out.size() > part.size() / 4 * 3) return out;
  std::vector<std::byte> other = deflate_part(path, part, is_last, fast, Z_DEFAULT_STRATEGY);
  return other.size() < out.size() ? other : out;
}

}  // namespace

void gzip(const std::string& path, std::span<const std::byte> bytes, WriteOptions options,
          const std::function<void(std::span<const std::byte>)>& write) {
  // RFC 1952: deflate, no name, no time, made on Unix.
  constexpr std::array<unsigned char, 10> head = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
  write(std::as_bytes(std::span(head)));
  const std::size_t npart = std::max<std::size_t>(1, (bytes.size() + chunk - 1) / chunk);
  const auto part = [&](std::size_t i) { return bytes.subspan(i * chunk, std::min(chunk, bytes.size() - i * chunk)); };
  std::uint32_t crc = 0;
  make_in_threads(
      npart, writer_threads(options.nthread),
      [&](std::size_t i) { return deflate_part(path, part(i), i + 1 == npart, options.compress); },
      [&](std::size_t i, const std::vector<std::byte>& deflated) {
        crc = libdeflate_crc32(crc, part(i).data(), part(i).size());
        write(deflated);
      });
  std::array<std::byte, 8> tail{};
  for (unsigned i = 0; i < 4; ++i) {
    tail[i] = static_cast<std::byte>(crc >> 8 * i & 0xff);
    tail[i + 4] = static_cast<std::byte>(bytes.size() >> 8 * i & 0xff);  // modulo 2^32
  }
  write(tail);
}

}  // namespace zspex::io::detail
