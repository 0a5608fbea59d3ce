#include "io/detail/fits_tiles.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"

namespace zspex::io::detail {
namespace {

constexpr const char* again = "Copy the file again, or make it again.";

/// TFORM or ZFORM: "1PB(1234)" -> 1, 'P', 'B'.
struct Form {
  std::uint64_t repeat = 1;
  char code = ' ', element = ' ';  ///< element: of variable-length columns
};

Form parse_form(const std::string& text) {
  Form form;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits > 0 && digits <= 9) form.repeat = std::stoull(text.substr(0, digits));
  if (digits < text.size()) form.code = text[digits];
  if (digits + 1 < text.size()) form.element = text[digits + 1];
  return form;
}

std::uint64_t width_of(char code) {
  switch (code) {
    case 'I':
      return 2;
    case 'J':
    case 'E':
      return 4;
    case 'K':
    case 'D':
    case 'C':
    case 'P':
      return 8;
    case 'M':
    case 'Q':
      return 16;
    default:
      return 1;
  }
}

std::uint64_t width_of(const Form& form) {
  return form.code == 'X' ? (form.repeat + 7) / 8 : form.repeat * width_of(form.code);
}

std::uint64_t big_endian(const std::byte* bytes, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n; ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

/// Decompresses into one small buffer, again and again: a bomb takes time up to its bound, and no memory.
class GzipCheck {
 public:
  GzipCheck() {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipCheck() { inflateEnd(&stream_); }
  GzipCheck(const GzipCheck&) = delete;
  GzipCheck& operator=(const GzipCheck&) = delete;

  /// True if `bytes` is one whole gzip stream of at most `most` bytes.
  bool is_whole(std::vector<std::byte>& bytes, std::uint64_t most) {
    inflateReset(&stream_);
    stream_.next_in = reinterpret_cast<Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    int status = Z_OK;
    while (status == Z_OK && stream_.total_out <= most) {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      status = inflate(&stream_, Z_NO_FLUSH);
    }
    return status == Z_STREAM_END && stream_.total_out <= most;
  }

 private:
  z_stream stream_{};
  std::vector<std::byte> out_ = std::vector<std::byte>(std::size_t{1} << 16);
};

class TileCheck {
 public:
  TileCheck(ByteSource& source, const std::string& path, const HduLayout& hdu, const std::string& title)
      : source_(source), path_(path), hdu_(hdu), title_(title) {
    stride_ = need("NAXIS1", 0);
    nrow_ = need("NAXIS2", 0);
    heap_ = hdu.data +
            static_cast<std::uint64_t>(hdu.cards.integer("THEAP").value_or(static_cast<long long>(stride_ * nrow_)));
    if (heap_ < hdu.data || heap_ > hdu.data + hdu.data_size) refuse("THEAP inside the HDU", "one outside");
  }

  /// Sizes of a compressed image.
  void image_sizes() {
    if (const std::string name(trim(hdu_.cards.text("ZCMPTYPE").value_or(""))); name.starts_with("GZIP"))
      gzip_ = true;
    else if (name == "HCOMPRESS_1")
      hcompress_ = true;
    const auto naxis = need("ZNAXIS", 0, 9);
    const long long bitpix = hdu_.cards.integer("ZBITPIX").value_or(0);
    const auto value = bytes_of_bitpix(bitpix);
    if (!value) refuse("ZBITPIX to be 8, 16, 32, 64, -32 or -64", std::to_string(bitpix));
    std::uint64_t size = *value, ntile = 1;
    tile_ = 1;
    for (std::uint64_t i = 1; i <= naxis; ++i) {
      const std::string n = std::to_string(i);
      const std::uint64_t length = need("ZNAXIS" + n, 0);
      const std::uint64_t tile = hdu_.cards.has("ZTILE" + n) ? need("ZTILE" + n, 1)
                                 : i == 1                    ? std::max<std::uint64_t>(1, length)
                                                             : 1;
      multiply(size, length);
      multiply(ntile, (length + tile - 1) / tile);
      multiply(tile_, std::min(length, tile));
    }
    need_plausible(size);
    if (ntile != nrow_) refuse(fmt::format("{} tiles (ZNAXISn, ZTILEn)", ntile), fmt::format("{} (NAXIS2)", nrow_));
    multiply(tile_, 8);  // values of 8 bytes at most
  }

  void image() {
    image_sizes();
    for_columns([&](const std::string& name, const Form& form, std::uint64_t offset, const std::string&) {
      if (form.code != 'P' && form.code != 'Q') return;
      const bool zipped = name == "GZIP_COMPRESSED_DATA" || (gzip_ && name == "COMPRESSED_DATA");
      const std::uint64_t bound = tile_;
      check_column(name, form, offset, zipped, hcompress_ && name == "COMPRESSED_DATA",
                   [bound](std::uint64_t) { return bound; });
    });
  }

  void table() {
    const std::uint64_t width = need("ZNAXIS1", 0), nrow = need("ZNAXIS2", 0), rows = need("ZTILELEN", 1);
    std::uint64_t size = width, sum = 0;
    multiply(size, nrow);
    need_plausible(size);
    if (const std::uint64_t ntile = nrow / rows + (nrow % rows > 0); ntile != nrow_)
      refuse(fmt::format("{} tiles (ZNAXIS2, ZTILELEN)", ntile), fmt::format("{} (NAXIS2)", nrow_));
    for_columns([&](const std::string& name, const Form& form, std::uint64_t offset, const std::string& n) {
      const Form plain = parse_form(hdu_.cards.text("ZFORM" + n).value_or(""));
      if (plain.code == 'P' || plain.code == 'Q') refuse("columns of fixed length", name + " of variable length");
      const std::uint64_t bytes = width_of(plain);
      sum += bytes;
      if (form.code != 'P' && form.code != 'Q') return;
      const bool zipped = hdu_.cards.text("ZCTYP" + n).value_or("").starts_with("GZIP");
      check_column(name, form, offset, zipped, false,
                   [&](std::uint64_t i) { return bytes * std::min(rows, nrow - i * rows); });
    });
    if (sum != width) refuse(fmt::format("rows of {} bytes (ZFORMn)", sum), fmt::format("ZNAXIS1 = {}", width));
  }

 private:
  [[noreturn]] void refuse(const std::string& expected, const std::string& found) const {
    throw FileError(path_, title_, fmt::format("expected {}, found {}: it is damaged. {}", expected, found, again));
  }

  std::uint64_t need(const std::string& key, long long least, long long most = 1LL << 40) const {
    const auto value = hdu_.cards.integer(key);
    if (!value || *value < least || *value > most)
      refuse(fmt::format("{} to be an integer from {} to {}", key, least, most),
             value ? std::to_string(*value) : std::string("none"));
    return static_cast<std::uint64_t>(*value);
  }

  static void multiply(std::uint64_t& product, std::uint64_t factor) {
    if (__builtin_mul_overflow(product, factor, &product)) product = std::numeric_limits<std::uint64_t>::max();
  }

  /// No tile is more than some thousand times as large as what it was compressed to (PLIO: 8190, gzip: 1032).
  void need_plausible(std::uint64_t size) const {
    constexpr std::uint64_t best = 10000;
    if (size / best > hdu_.data_size)
      refuse(fmt::format("at most {} times the {} compressed bytes", best, hdu_.data_size),
             "a header that promises " +
                 (size == std::numeric_limits<std::uint64_t>::max() ? "more than 2^64" : std::to_string(size)));
  }

  template <class Action>
  void for_columns(const Action& action) const {
    std::uint64_t offset = 0;
    for (std::uint64_t i = 1; i <= need("TFIELDS", 0, 999); ++i) {
      const std::string n = std::to_string(i);
      const Form form = parse_form(hdu_.cards.text("TFORM" + n).value_or(""));
      const std::uint64_t width = width_of(form);
      if (offset + width > stride_) refuse(fmt::format("columns that fit NAXIS1 = {}", stride_), "wider ones");
      if (form.repeat > 0) action(upper(trim(hdu_.cards.text("TTYPE" + n).value_or(""))), form, offset, n);
      offset += width;
    }
  }

  template <class Bound>
  void check_column(const std::string& name, const Form& form, std::uint64_t offset, bool zipped, bool hcompressed,
                    const Bound& bound) {
    const std::size_t half = form.code == 'P' ? 4 : 8;
    std::array<std::byte, 16> descriptor{};
    for (std::uint64_t row = 0; row < nrow_; ++row) {
      (void)source_.read(hdu_.data + row * stride_ + offset, {descriptor.data(), 2 * half});
      const std::uint64_t count = big_endian(descriptor.data(), half), at = big_endian(descriptor.data() + half, half);
      const std::uint64_t room = hdu_.data + hdu_.data_size - heap_;
      const auto which = [&] { return fmt::format("tile {} of {}", row, name); };
      if (count > room || at > room || at + count * width_of(form.element) > room)
        refuse(which() + " inside the HDU", "one outside");
      if (count == 0 || !(zipped || hcompressed)) continue;
      bytes_.resize(count);
      (void)source_.read(heap_ + at, bytes_);
      if (zipped && !gzip_check_.is_whole(bytes_, bound(row)))
        refuse(fmt::format("{} to be a whole gzip stream of at most {} bytes", which(), bound(row)), "a damaged one");
      // The tile's own sizes, which the library fills its memory by: 2 bytes of a code, nx, ny.
      if (hcompressed &&
          (count < 14 || !fits(big_endian(bytes_.data() + 2, 4), big_endian(bytes_.data() + 6, 4), bound(row) / 8)))
        refuse(which() + " to have the size of a tile", "another");
    }
  }

  static bool fits(std::uint64_t nx, std::uint64_t ny, std::uint64_t npixel) {
    return nx <= npixel && ny <= npixel && nx * ny <= npixel && npixel <= (std::uint64_t{1} << 31);
  }

  ByteSource& source_;
  const std::string& path_;
  const HduLayout& hdu_;
  const std::string& title_;
  std::uint64_t stride_ = 0, nrow_ = 0, heap_ = 0, tile_ = 0;
  bool gzip_ = false, hcompress_ = false;
  GzipCheck gzip_check_;
  std::vector<std::byte> bytes_;
};

}  // namespace

void check_image_sizes(ByteSource& source, const std::string& path, const HduLayout& hdu, const std::string& title) {
  TileCheck(source, path, hdu, title).image_sizes();
}

void check_tiles(ByteSource& source, const std::string& path, const HduLayout& hdu, const std::string& title) {
  TileCheck check(source, path, hdu, title);
  if (hdu.cards.logical("ZTABLE").value_or(false))
    check.table();
  else
    check.image();
}

}  // namespace zspex::io::detail
