#include "io/detail/fits_writer.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>

#include "io/detail/atomic_file.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_error.hpp"
#include "io/detail/fits_records.hpp"
#include "io/detail/fits_table.hpp"
#include "io/output.hpp"

namespace zspex::io::detail {
namespace {

constexpr std::size_t block = 2880;

template <class T>
struct ImageType;
template <>
struct ImageType<float> {
  static constexpr int image = FLOAT_IMG, memory = TFLOAT;
};
template <>
struct ImageType<double> {
  static constexpr int image = DOUBLE_IMG, memory = TDOUBLE;
};
template <>
struct ImageType<std::uint8_t> {
  static constexpr int image = BYTE_IMG, memory = TBYTE;
};
template <>
struct ImageType<std::int32_t> {
  static constexpr int image = LONG_IMG, memory = TINT;
};
template <>
struct ImageType<std::uint32_t> {
  static constexpr int image = ULONG_IMG, memory = TUINT;
};

/// Memory for CFITSIO, with what we must know about it in front.
/// CFITSIO leaves holes where it has nothing to write yet (fill bytes, descriptors of compressed tiles) and relies on
/// reading zeros there, as a file would give; realloc() gives whatever was there before. So what is added is cleared.
/// It also cuts the memory at the end of each HDU, to grow it again for the next: the memory itself never shrinks.
struct Prefix {
  std::size_t size, capacity;
};
constexpr std::size_t prefix = 64;  // keeps the alignment
static_assert(sizeof(Prefix) <= prefix);

char* with_prefix(void* memory) { return static_cast<char*>(memory) - prefix; }

void* reserve(void* memory, std::size_t capacity) {
  char* fresh = static_cast<char*>(std::realloc(memory ? with_prefix(memory) : nullptr, prefix + capacity));
  if (!fresh) return nullptr;
  Prefix known{};
  if (memory) std::memcpy(&known, fresh, sizeof known);
  known.capacity = capacity;
  std::memcpy(fresh, &known, sizeof known);
  return fresh + prefix;
}

/// For CFITSIO, in place of realloc().
void* resize(void* memory, std::size_t size) {
  Prefix known{};
  if (memory) std::memcpy(&known, with_prefix(memory), sizeof known);
  if (!memory || size > known.capacity) {
    memory = reserve(memory, std::max(size, known.capacity + known.capacity / 2));
    if (!memory) return nullptr;
    std::memcpy(&known, with_prefix(memory), sizeof known);
  }
  if (size > known.size) std::memset(static_cast<char*>(memory) + known.size, 0, size - known.size);
  known.size = size;
  std::memcpy(with_prefix(memory), &known, sizeof known);
  return memory;
}

void free_memory(void* memory) {
  if (memory) std::free(with_prefix(memory));
}

/// Adds 32 bit words, big-endian, in ones' complement arithmetic (FITS standard, appendix J). HDUs are whole blocks.
std::uint32_t add_words(std::uint32_t sum, std::span<const unsigned char> bytes) {
  std::uint64_t total = sum;  // no overflow below 2^32 words
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4)
    total += std::uint32_t{bytes[i]} << 24 | std::uint32_t{bytes[i + 1]} << 16 | std::uint32_t{bytes[i + 2]} << 8 |
             bytes[i + 3];
  while (total >> 32) total = (total & 0xffffffff) + (total >> 32);
  return static_cast<std::uint32_t>(total);
}

}  // namespace

FitsWriter::FitsWriter(const std::string& path, std::size_t bytes, WriteOptions options)
    : lock_(lock_cfitsio()), path_(path), options_(options) {
  check_output(path);
  capacity_ = block;
  memory_ = reserve(nullptr, bytes + bytes / 64 + 64 * block);
  if (memory_) memory_ = resize(memory_, capacity_);
  if (!memory_) throw std::bad_alloc();
  int status = 0;
  constexpr std::size_t step = std::size_t{4} << 20;
  fits_create_memfile(&file_, &memory_, &capacity_, step, &resize, &status);
  check(status, "", "make a file in memory");
}

FitsWriter::~FitsWriter() {
  int status = 0;
  if (file_) fits_close_file(file_, &status);
  fits_clear_errmsg();
  free_memory(memory_);
}

void FitsWriter::check(int status, const std::string& part, const std::string& doing) {
  if (status != 0)
    throw_fits(path_, part, doing, status, "If memory is short, use a larger machine or fewer ranks.",
               ExitCode::output);
}

template <class T>
void FitsWriter::image(const std::string& name, const std::vector<std::size_t>& shape, const T* data,
                       const Header& header) {
  std::vector<LONGLONG> axes(shape.rbegin(), shape.rend());
  std::size_t size = shape.empty() ? 0 : 1;
  for (const std::size_t n : shape) size *= n;
  const bool compressed = path_.ends_with(".fz") && shape.size() > 1;
  int status = 0;
  fits_set_compression_type(file_, compressed ? GZIP_2 : 0, &status);
  if (compressed) fits_set_quantize_level(file_, 0, &status);  // floats keep all their bits
  fits_create_imgll(file_, ImageType<T>::image, static_cast<int>(axes.size()), axes.data(), &status);
  // CFITSIO's two lines about the FITS paper; they would pile up in files made from files.
  int ignored = 0;
  while (ignored == 0) fits_delete_key(file_, "COMMENT", &ignored);
  fits_clear_errmsg();
  if (!name.empty()) {
    Header own;
    own.set("EXTNAME", name);
    fits_delete_key(file_, "EXTNAME", &(ignored = 0));  // CFITSIO names compressed images itself
    fits_clear_errmsg();
    write_card(file_, own.cards().front(), status);
  }
  write_cards(file_, header, status);
  reserve_checksums(file_, status);
  // CFITSIO's signature wants data that it may write to; it does not.
  if (size > 0)
    fits_write_img(file_, ImageType<T>::memory, 1, static_cast<LONGLONG>(size), const_cast<T*>(data), &status);
  check(status, name, "add the image");
  add_checksums(name);
}

template void FitsWriter::image(const std::string&, const std::vector<std::size_t>&, const float*, const Header&);
template void FitsWriter::image(const std::string&, const std::vector<std::size_t>&, const double*, const Header&);
template void FitsWriter::image(const std::string&, const std::vector<std::size_t>&, const std::int32_t*,
                                const Header&);
template void FitsWriter::image(const std::string&, const std::vector<std::size_t>&, const std::uint32_t*,
                                const Header&);

// 8 bits per pixel of an image that isn't there: what other programs write.
void FitsWriter::primary(const Header& header) { image<std::uint8_t>("", {}, nullptr, header); }

void FitsWriter::table(const Table& table) {
  write_table(file_, path_, table);
  add_checksums(table.name);
}

/// As fits_write_chksum, but over the memory at once, and without the date in the comments: same contents, same bytes.
void FitsWriter::add_checksums(const std::string& part) {
  int status = 0;
  LONGLONG header = 0, data = 0, end = 0;
  fits_flush_file(file_, &status);
  fits_get_hduaddrll(file_, &header, &data, &end, &status);
  check(status, part, "add its checksum");
  const auto bytes = [&](LONGLONG from, LONGLONG to) {
    return std::span(static_cast<const unsigned char*>(memory_) + from, static_cast<std::size_t>(to - from));
  };
  const std::uint32_t datasum = add_words(0, bytes(data, end));
  modify_card(file_, {"DATASUM", quote(std::to_string(datasum)), datasum_comment}, status);
  fits_flush_file(file_, &status);
  check(status, part, "add its checksum");
  char text[FLEN_VALUE] = {};
  fits_encode_chksum(add_words(datasum, bytes(header, data)), 1, text);
  modify_card(file_, {"CHECKSUM", quote(text), checksum_comment}, status);
  check(status, part, "add its checksum");
}

void FitsWriter::finish() {
  int status = 0, nhdu = 0;
  fits_flush_file(file_, &status);
  fits_get_num_hdus(file_, &nhdu, &status);
  fits_movabs_hdu(file_, nhdu, nullptr, &status);
  LONGLONG end = 0;
  fits_get_hduaddrll(file_, nullptr, nullptr, &end, &status);
  check(status, "", "finish the file in memory");
  fitsfile* file = file_;
  file_ = nullptr;
  fits_close_file(file, &status);
  check(status, "", "finish the file in memory");
  write_whole(path_, {static_cast<const std::byte*>(memory_), static_cast<std::size_t>(end)}, options_);
}

}  // namespace zspex::io::detail
