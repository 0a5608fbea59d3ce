#include "io/detail/fits_layout.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"

namespace zspex::io::detail {
namespace {

constexpr const char* again = "Copy the file again, or make it again.";
using Block = std::array<std::byte, fits_block>;

std::string_view text_of(const Block& block, std::size_t size) {
  return {reinterpret_cast<const char*>(block.data()), size};
}

/// a * b, or nothing beyond 2^62: such sizes are damage, and their sums still fit.
std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result) || result >> 62) return std::nullopt;
  return result;
}

/// Reads sizes out of one header, and refuses what is none.
class SizeReader {
 public:
  SizeReader(const HduLayout& hdu, const std::string& path, std::size_t index)
      : cards_(hdu.cards), path_(path), title_(hdu_title(hdu.cards, index)), primary_(index == 0) {}

  std::uint64_t data_size() const {
    const auto naxis = static_cast<int>(number("NAXIS", 0, most_axes));
    const auto bytes_per_value = bytes_of_bitpix(number("BITPIX", -64, 64));
    if (!bytes_per_value) refuse("BITPIX", "8, 16, 32, 64, -32 or -64");
    std::uint64_t size = naxis == 0 ? 0 : *bytes_per_value;
    const bool groups = primary_ && cards_.logical("GROUPS").value_or(false);
    bool fits = true;
    for (int i = 1; i <= naxis; ++i) {
      const auto length = number(fmt::format("NAXIS{}", i), 0, most);
      if (groups && i == 1 && length == 0) continue;  // random groups
      grow(size, length, fits);
    }
    if (is_table()) (void)number("TFIELDS", 0, 999);
    if (!primary_ || groups) {
      const std::uint64_t heap = product(number_or("PCOUNT", 0), *bytes_per_value).value_or(most);
      if (naxis > 0) size += heap;
      grow(size, number_or("GCOUNT", 1), fits);
    }
    if (!fits || size >> 62)
      throw FileError(path_, title_,
                      std::string("expected a header whose sizes fit the file, found NAXISn, PCOUNT and GCOUNT of more "
                                  "than 2^62 bytes: it is damaged. ") +
                          again);
    return size;
  }

 private:
  static constexpr long long most = 1LL << 62, most_axes = 9;
  // Any count that an integer of FITS can hold: the product tells whether it fits.
  static constexpr long long most_count = std::numeric_limits<long long>::max();

  static void grow(std::uint64_t& size, long long factor, bool& fits) {
    const auto grown = product(size, static_cast<std::uint64_t>(factor));
    fits = fits && grown;
    size = grown.value_or(0);
  }

  bool is_table() const {
    const std::string kind(trim(cards_.text("XTENSION").value_or("")));
    return kind == "BINTABLE" || kind == "TABLE" || kind == "A3DTABLE";
  }

  long long number(const std::string& key, long long least, long long largest) const {
    const auto value = cards_.integer(key);
    if (!value || *value < least || *value > largest)
      refuse(key, largest == most ? "an integer from 0 on" : fmt::format("an integer from {} to {}", least, largest));
    return *value;
  }

  std::uint64_t number_or(const std::string& key, long long otherwise) const {
    return static_cast<std::uint64_t>(cards_.has(key) ? number(key, 0, most_count) : otherwise);
  }

  [[noreturn]] void refuse(const std::string& key, const std::string& wanted) const {
    const auto& cards = cards_.cards();
    const auto card = std::find_if(cards.begin(), cards.end(), [&](const Card& c) { return c.key == key; });
    throw FileError(path_, title_,
                    fmt::format("expected {} to be {}, found {}: the header is damaged. {}", key, wanted,
                                card == cards.end()   ? "no such keyword"
                                : card->value.empty() ? "nothing"
                                                      : card->value,
                                again));
  }

  const Header& cards_;
  const std::string& path_;
  std::string title_;
  bool primary_;
};

/// Reads from `hdu.header` to END.
void read_header(ByteSource& source, const std::string& path, std::size_t index, HduLayout& hdu) {
  constexpr std::uint64_t most_blocks = 8192;  // 22 MiB; the longest known have a few hundred KiB of HISTORY
  std::string records;
  Block block{};
  for (std::uint64_t i = 0; i < most_blocks; ++i) {
    const std::size_t n = source.read(hdu.header + i * fits_block, block);
    if (n < block.size())
      throw FileError(
          path, fmt::format("HDU {}", index),
          "expected a header of records up to END, found the end of the file: it is truncated. " + std::string(again));
    const std::string_view text = text_of(block, n);
    records += text;
    for (std::size_t at = 0; at < n; at += 80) {
      if (text.substr(at, 8) != "END     ") continue;
      for (Card& card : parse_records(records)) hdu.cards.append(std::move(card));
      hdu.data = hdu.header + (i + 1) * fits_block;
      return;
    }
  }
  throw FileError(path, fmt::format("HDU {}", index),
                  fmt::format("expected a header of records up to END, found none in {}. {}",
                              format_bytes(most_blocks * fits_block), again));
}

/// What follows the last HDU: nothing, or bytes without meaning, which some programs and copies leave.
void read_tail(ByteSource& source, const std::string& path, FitsLayout& layout) {
  constexpr std::uint64_t most = std::uint64_t{64} << 20;
  const std::uint64_t begin = layout.hdus.back().end;
  std::vector<std::byte> piece(std::size_t{1} << 16);
  std::uint64_t size = 0;
  while (size <= most) {
    const std::size_t n = source.read(begin + size, piece);
    const auto odd = std::find_if(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n), [](std::byte b) {
      return b != std::byte{0} && b != std::byte{' '} && b != std::byte{'\n'} && b != std::byte{'\r'};
    });
    if (odd != piece.begin() + static_cast<std::ptrdiff_t>(n))
      throw FileError(
          path, "",
          fmt::format("expected another HDU (XTENSION) or the end of the file after HDU {}, found something else at "
                      "byte {}. {}",
                      layout.hdus.size() - 1, begin + size + static_cast<std::uint64_t>(odd - piece.begin()), again));
    size += n;
    if (n < piece.size()) break;
  }
  if (size > most)
    throw FileError(
        path, "",
        "expected the end of the file after its last HDU, found more than 64 MiB of zeros or blanks. Cut them off.");
  if (size > 0)
    layout.notes.push_back(
        fmt::format("{}: {} zeros or blanks behind the last HDU are ignored; was the file copied whole?", path, size));
}

}  // namespace

std::optional<std::uint64_t> bytes_of_bitpix(long long bitpix) {
  constexpr std::array<long long, 6> known = {8, 16, 32, 64, -32, -64};
  if (std::find(known.begin(), known.end(), bitpix) == known.end()) return std::nullopt;
  return static_cast<std::uint64_t>(bitpix < 0 ? -bitpix : bitpix) / 8;
}

std::string hdu_title(const std::string& name, std::size_t index) {
  return name.empty() ? fmt::format("(unnamed HDU {})", index) : name;
}

std::string hdu_title(const Header& cards, std::size_t index) {
  return hdu_title(upper(trim(cards.text("EXTNAME").value_or(""))), index);
}

FitsLayout read_layout(ByteSource& source, const std::string& path) {
  FitsLayout layout;
  std::uint64_t at = 0;
  for (std::size_t index = 0;; ++index) {
    std::array<std::byte, 8> word{};
    const std::size_t n = source.read(at, word);
    const std::string_view found(reinterpret_cast<const char*>(word.data()), n);
    // A file that is cut off in this very word is truncated, too.
    if (index > 0 && (n == 0 || found != std::string_view("XTENSION").substr(0, n))) break;
    HduLayout hdu;
    hdu.header = at;
    read_header(source, path, index, hdu);
    hdu.data_size = SizeReader(hdu, path, index).data_size();
    const std::uint64_t data_end = hdu.data + hdu.data_size;
    hdu.end = (data_end + fits_block - 1) / fits_block * fits_block;
    if (!source.reaches(data_end))
      throw FileError(path, hdu_title(hdu.cards, index),
                      fmt::format("expected {} bytes of data, as its header says, found the end of the file: it is "
                                  "truncated, or the header is damaged. {}",
                                  hdu.data_size, again));
    layout.hdus.push_back(std::move(hdu));
    layout.size = at = layout.hdus.back().end;
    if (source.reaches(at)) continue;
    layout.size = data_end;
    Block rest{};
    layout.size += source.read(data_end, rest);
    layout.notes.push_back(path + ": the padding of the last block is missing; all data are there");
    return layout;
  }
  read_tail(source, path, layout);
  return layout;
}

}  // namespace zspex::io::detail
