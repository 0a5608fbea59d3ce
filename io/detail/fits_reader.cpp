#include "io/detail/fits_reader.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>

#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_checksum.hpp"
#include "io/detail/fits_error.hpp"
#include "io/detail/fits_records.hpp"
#include "io/detail/fits_table.hpp"
#include "io/detail/fits_tiles.hpp"

namespace zspex::io::detail {
namespace {

constexpr std::string_view again = "Copy the file again, or make it again.";

template <class T>
constexpr int cfitsio_type() {
  if constexpr (std::is_same_v<T, float>) return TFLOAT;
  if constexpr (std::is_same_v<T, double>) return TDOUBLE;
}

/// Reads pixels of the file's own integer type in pieces and keeps their bits.
template <class Stored>
int read_bits(fitsfile* file, int type, std::size_t first, std::size_t n, std::uint32_t* out, bool& fits) {
  constexpr std::size_t piece = std::size_t{1} << 16;
  std::vector<Stored> stored(std::min(n, piece));
  int status = 0, any = 0;
  for (std::size_t at = 0; at < n && status == 0; at += piece) {
    const std::size_t count = std::min(piece, n - at);
    fits_read_img(file, type, static_cast<LONGLONG>(first + at + 1), static_cast<LONGLONG>(count), nullptr,
                  stored.data(), &any, &status);
    for (std::size_t i = 0; i < count; ++i) {
      // A sign is a bit as any other: int16 masks with bit 15 set are negative.
      const auto bits = static_cast<std::make_unsigned_t<Stored>>(stored[i]);
      if constexpr (sizeof(Stored) > sizeof(std::uint32_t)) fits = fits && (bits >> 32) == 0;
      out[at + i] = static_cast<std::uint32_t>(bits);
    }
  }
  return status;
}

std::string one_hdu(const HduInfo& hdu) { return hdu_title(hdu.name, static_cast<std::size_t>(hdu.number - 1)); }

}  // namespace

std::string to_string(const std::vector<std::size_t>& shape) {
  return shape.empty() ? "no pixels" : fmt::format("{}", fmt::join(shape, " x "));
}

void FitsReader::Close::operator()(fitsfile* file) const {
  int status = 0;
  fits_close_file(file, &status);
  fits_clear_errmsg();
}

FitsReader::FitsReader(const std::string& path, Checksums checksums)
    : lock_(lock_cfitsio()), path_(path), reading_(path_) {
  look(checksums);
  open();
  walk();
}

FitsReader::FitsReader(const std::string& path, std::span<const std::byte> contents)
    : lock_(lock_cfitsio()), path_(path), reading_(path_) {
  if (contents.empty()) {
    look(Checksums::ignore);
  } else {
    MemorySource source(contents);
    layout_ = read_layout(source, path_);
    complete(contents);
  }
  open();
  walk();
}

/// Everything that can be known without CFITSIO.
void FitsReader::look(Checksums checksums) {
  disk_ = std::make_unique<FileSource>(path_, "a FITS file");
  std::array<std::byte, 9> magic{};
  (void)disk_->read(0, magic);
  std::unique_ptr<GunzipSource> unzipped;
  if (magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b}) {
    unzipped = std::make_unique<GunzipSource>(*disk_, path_);
    magic.fill(std::byte{0});
    (void)unzipped->read(0, magic);
  }
  if (std::string_view(reinterpret_cast<const char*>(magic.data()), magic.size()) != "SIMPLE  =")
    refuse("", "expected a FITS file{}, which begins with SIMPLE, found something else. Check the name.",
           unzipped ? " inside the gzip file" : "");
  ByteSource& source = unzipped ? static_cast<ByteSource&>(*unzipped) : *disk_;
  layout_ = read_layout(source, path_);
  if (checksums == Checksums::verify)
    for (std::string& note : verify_checksums(source, path_, layout_)) layout_.notes.push_back(std::move(note));

  if (unzipped) memory_ = unzipped->take();
  if (unzipped || layout_.size < layout_.hdus.back().end)
    complete({static_cast<const std::byte*>(memory_.memory.get()), memory_.size});
}

/// Takes bytes of the file, or none, for its contents; those that are missing at the end are read, or zeros.
void FitsReader::complete(std::span<const std::byte> bytes) {
  const auto size = static_cast<std::size_t>(layout_.hdus.back().end);
  if (bytes.size() >= size) {
    contents_ = bytes.first(size);
    return;
  }
  memory_.reserve(size);
  auto* memory = static_cast<std::byte*>(memory_.memory.get());
  if (!bytes.empty() && bytes.data() != memory) std::copy(bytes.begin(), bytes.end(), memory);
  memory_.size = bytes.empty() ? disk_->read(0, {memory, size}) : bytes.size();
  std::fill(memory + memory_.size, memory + size, std::byte{0});
  memory_.size = size;
  contents_ = {memory, size};
}

void FitsReader::open() {
  fitsfile* file = nullptr;
  int error = 0;
  if (!contents_.empty()) {
    memory_pointer_ = const_cast<std::byte*>(contents_.data());  // CFITSIO reads only
    memory_size_ = contents_.size();
    fits_open_memfile(&file, "frame", READONLY, &memory_pointer_, &memory_size_, 0, nullptr, &error);
  } else {
    // CFITSIO has no room for names as long as the system's.
    const std::string name =
        path_.size() < FLEN_FILENAME - 1 ? path_ : fmt::format("/proc/self/fd/{}", disk_->descriptor());
    // Not fits_open_file: brackets in a name are part of the name.
    fits_open_diskfile(&file, name.c_str(), READONLY, &error);
  }
  check(error, "", "open a FITS file");
  file_.reset(file);
}

/// The file's bytes, wherever they are.
template <class Action>
void FitsReader::with_bytes(const Action& action) {
  MemorySource memory(contents_);
  action(contents_.empty() ? *disk_ : static_cast<ByteSource&>(memory));
}

void FitsReader::walk() {
  LONGLONG header_start = 0, data_start = 0, data_end = 0;
  for (const HduLayout& layout : layout_.hdus) {
    const auto number = static_cast<int>(&layout - layout_.hdus.data()) + 1;
    HduInfo hdu;
    hdu.number = number;
    hdu.name = upper(trim(layout.cards.text("EXTNAME").value_or("")));
    if (number > 1 && layout.cards.logical("ZIMAGE").value_or(false))
      with_bytes([&](ByteSource& source) { check_image_sizes(source, path_, layout, one_hdu(hdu)); });
    int status = 0, type = 0;
    fits_movabs_hdu(file_.get(), number, &type, &status);
    check(status, one_hdu(hdu), "read the header");

    hdu.compressed = number > 1 && fits_is_compressed_image(file_.get(), &status) != 0;
    if (type == IMAGE_HDU || hdu.compressed) {
      int ndim = 0;
      std::array<LONGLONG, 9> axes{};
      fits_get_img_dim(file_.get(), &ndim, &status);
      fits_get_img_sizell(file_.get(), static_cast<int>(axes.size()), axes.data(), &status);
      fits_get_img_equivtype(file_.get(), &hdu.pixel_type, &status);
      for (int i = std::min(ndim, static_cast<int>(axes.size())) - 1; i >= 0; --i)
        hdu.shape.push_back(static_cast<std::size_t>(axes[static_cast<std::size_t>(i)]));
    } else {
      LONGLONG nrow = 0;
      int ncolumn = 0;
      fits_get_num_rowsll(file_.get(), &nrow, &status);
      fits_get_num_cols(file_.get(), &ncolumn, &status);
      hdu.kind = type == ASCII_TBL ? HduInfo::Kind::ascii_table : HduInfo::Kind::table;
      hdu.shape = {static_cast<std::size_t>(nrow), static_cast<std::size_t>(ncolumn)};
    }
    fits_get_hduaddrll(file_.get(), &header_start, &data_start, &data_end, &status);
    check(status, one_hdu(hdu), "read the header");
    if (static_cast<std::uint64_t>(data_start) != layout.data || static_cast<std::uint64_t>(data_end) != layout.end)
      refuse(one_hdu(hdu),
             "expected a header that tells one size, found NAXISn, PCOUNT or GCOUNT out of place or several times: it "
             "is damaged. {}",
             again);
    hdu.bytes = layout.end - layout.data;
    hdus_.push_back(std::move(hdu));
  }
}

bool FitsReader::has(std::string_view name) const {
  return std::any_of(hdus_.begin(), hdus_.end(), [&](const HduInfo& hdu) { return hdu.name == name; });
}

const HduInfo* FitsReader::find(std::string_view name) const {
  const auto is_it = [&](const HduInfo& hdu) { return hdu.name == name; };
  const auto at = std::find_if(hdus_.begin(), hdus_.end(), is_it);
  if (at == hdus_.end()) return nullptr;
  if (const auto other = std::find_if(at + 1, hdus_.end(), is_it); other != hdus_.end())
    refuse(name, "expected one HDU of this name, found HDU {} and HDU {}. Delete or rename one of them.",
           at->number - 1, other->number - 1);
  return &*at;
}

const HduInfo& FitsReader::need(std::string_view name) const {
  if (const HduInfo* hdu = find(name)) return *hdu;
  std::string found;
  for (const HduInfo& hdu : hdus_) found += (found.empty() ? "" : ", ") + one_hdu(hdu);
  refuse(name,
         "expected an HDU with EXTNAME {}, found {}. Check that this is the right kind of file and that it was copied "
         "whole.",
         name, found);
}

const HduInfo& FitsReader::need_rows(std::string_view name, std::size_t ndim) const {
  const HduInfo& hdu = need(name);
  const std::string wanted = fmt::format("expected an image of {} dimensions, found ", ndim);
  if (hdu.kind != HduInfo::Kind::image) refuse(name, wanted + "a table. Check the file.");
  if (hdu.shape.size() != ndim || std::count(hdu.shape.begin() + 1, hdu.shape.end(), 0) > 0)
    refuse(name, "{}{}{}. Check the file.", wanted, to_string(hdu.shape),
           hdu.shape.empty() ? "" : fmt::format(" ({} dimensions)", hdu.shape.size()));
  return hdu;
}

const HduInfo& FitsReader::need_image(std::string_view name, std::size_t ndim) const {
  const HduInfo& hdu = need_rows(name, ndim);
  if (hdu.shape[0] == 0) refuse(name, "expected an image, found one without pixels, {}.", to_string(hdu.shape));
  return hdu;
}

void FitsReader::check(int status, std::string_view part, std::string_view doing) const {
  if (status != 0) throw_fits(path_, part, doing, status, again, ExitCode::input);
}

void FitsReader::go_to(const HduInfo& hdu) {
  int status = 0;
  fits_movabs_hdu(file_.get(), hdu.number, nullptr, &status);
  check(status, one_hdu(hdu), "find the HDU");
}

Header FitsReader::header(const HduInfo& hdu) {
  go_to(hdu);
  Header header;
  for (Card& card : read_cards(file_.get(), path_, one_hdu(hdu)))
    if (!is_structural(card.key)) header.append(std::move(card));
  return header;
}

void FitsReader::check_compressed(const HduInfo& hdu) {
  if (!checked_.insert(hdu.number).second) return;
  const HduLayout& layout = layout_.hdus[static_cast<std::size_t>(hdu.number - 1)];
  if (!hdu.compressed && !layout.cards.logical("ZTABLE").value_or(false)) return;
  with_bytes([&](ByteSource& source) { check_tiles(source, path_, layout, one_hdu(hdu)); });
}

template <class T>
void FitsReader::pixels(const HduInfo& hdu, std::size_t first, std::size_t n, T* out) {
  check_compressed(hdu);
  go_to(hdu);
  if constexpr (std::is_same_v<T, std::uint32_t>) {
    mask_pixels(hdu, first, n, out);
  } else {
    // With a null value CFITSIO would make NaN of infinity and 0 of the smallest floats; without one it copies and swaps
    // bytes, and NaN passes. Integers with a BLANK value need one.
    T null = std::numeric_limits<T>::quiet_NaN();
    int any = 0, status = 0, bitpix = 0;
    fits_get_img_type(file_.get(), &bitpix, &status);
    fits_read_img(file_.get(), cfitsio_type<T>(), static_cast<LONGLONG>(first + 1), static_cast<LONGLONG>(n),
                  bitpix > 0 ? &null : nullptr, out, &any, &status);
    check(status, one_hdu(hdu), "read the pixels");
  }
}

void FitsReader::mask_pixels(const HduInfo& hdu, std::size_t first, std::size_t n, std::uint32_t* out) {
  int status = 0, any = 0;
  bool fits = true;
  switch (hdu.pixel_type) {
    case BYTE_IMG:
      status = read_bits<std::uint8_t>(file_.get(), TBYTE, first, n, out, fits);
      break;
    case SHORT_IMG:
      status = read_bits<std::int16_t>(file_.get(), TSHORT, first, n, out, fits);
      break;
    case USHORT_IMG:
      status = read_bits<std::uint16_t>(file_.get(), TUSHORT, first, n, out, fits);
      break;
    case LONG_IMG:
    case ULONG_IMG:  // straight into place: signed and unsigned have the same bits
      fits_read_img(file_.get(), hdu.pixel_type == LONG_IMG ? TINT : TUINT, static_cast<LONGLONG>(first + 1),
                    static_cast<LONGLONG>(n), nullptr, out, &any, &status);
      break;
    case LONGLONG_IMG:
      status = read_bits<std::int64_t>(file_.get(), TLONGLONG, first, n, out, fits);
      break;
    case ULONGLONG_IMG:
      status = read_bits<std::uint64_t>(file_.get(), TULONGLONG, first, n, out, fits);
      break;
    default:
      refuse(one_hdu(hdu), "expected integers (bits of a mask), found pixels of another type. Check the file.");
  }
  check(status, one_hdu(hdu), "read the pixels");
  if (!fits) refuse(one_hdu(hdu), "expected masks of 32 bits, found values beyond them. Check the file.");
}

template <class T>
std::vector<T> FitsReader::image1(const HduInfo& hdu) {
  std::vector<T> out(hdu.shape[0]);
  pixels(hdu, 0, out.size(), out.data());
  return out;
}

template <class T>
Array2<T> FitsReader::image2(const HduInfo& hdu) {
  Array2<T> out({hdu.shape[0], hdu.shape[1]});
  pixels(hdu, 0, out.size(), out.data());
  return out;
}

template <class T>
Array3<T> FitsReader::image3(const HduInfo& hdu) {
  Array3<T> out({hdu.shape[0], hdu.shape[1], hdu.shape[2]});
  pixels(hdu, 0, out.size(), out.data());
  return out;
}

template void FitsReader::pixels(const HduInfo&, std::size_t, std::size_t, float*);
template void FitsReader::pixels(const HduInfo&, std::size_t, std::size_t, double*);
template void FitsReader::pixels(const HduInfo&, std::size_t, std::size_t, std::uint32_t*);
template std::vector<double> FitsReader::image1(const HduInfo&);
template Array2<float> FitsReader::image2(const HduInfo&);
template Array2<double> FitsReader::image2(const HduInfo&);
template Array2<std::uint32_t> FitsReader::image2(const HduInfo&);
template Array3<float> FitsReader::image3(const HduInfo&);

Table FitsReader::table(const HduInfo& hdu) {
  if (hdu.kind != HduInfo::Kind::table)
    refuse(one_hdu(hdu), "expected a binary table, found an image or an ASCII table. Check the file.");
  check_compressed(hdu);
  go_to(hdu);
  return read_table(file_.get(), path_, one_hdu(hdu));
}

}  // namespace zspex::io::detail
