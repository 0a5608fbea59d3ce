#include "io/detail/fits_checksum.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"

namespace zspex::io::detail {
namespace {

constexpr std::uint64_t ones = 0xffffffff;

/// The integer sum of words; modulo 2^32 - 1 it is the sum in ones' complement.
std::uint64_t sum_words(const std::byte* bytes, std::size_t nword) {
  std::uint64_t sum = 0;  // 2^32 words can't overflow it
  for (std::size_t i = 0; i < nword; ++i) {
    std::uint32_t word;
    std::memcpy(&word, bytes + 4 * i, 4);
    sum += std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
  }
  return sum;
}

std::uint64_t folded(std::uint64_t sum) {
  while (sum > ones) sum = (sum & ones) + (sum >> 32);
  return sum;
}

/// Sum of [begin, end), a multiple of 4 bytes; what the file lacks of its padding counts as zeros.
std::uint64_t sum_of(ByteSource& source, std::uint64_t begin, std::uint64_t end) {
  std::vector<std::byte> piece(std::size_t{1} << 18);
  std::uint64_t sum = 0;
  while (begin < end) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), end - begin));
    const std::size_t got = source.read(begin, {piece.data(), n});
    std::fill(piece.begin() + static_cast<std::ptrdiff_t>(got), piece.begin() + static_cast<std::ptrdiff_t>(n),
              std::byte{0});
    sum = folded(sum + folded(sum_words(piece.data(), n / 4)));
    begin += n;
  }
  return sum;
}

/// DATASUM: a decimal number as text, by some programs without quotes; nothing if absent, empty or no number.
std::optional<std::uint64_t> datasum_of(const Header& cards) {
  if (const auto number = cards.integer("DATASUM")) return static_cast<std::uint64_t>(*number);
  const std::string text = cards.text("DATASUM").value_or("");
  const std::string_view digits = trim(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// In ones' complement 0 and 2^32 - 1 are the same number.
bool equal(std::uint64_t a, std::uint64_t b) { return a % ones == b % ones; }

}  // namespace

std::vector<std::string> verify_checksums(ByteSource& source, const std::string& path, const FitsLayout& layout) {
  constexpr const char* todo =
      "Copy the file again, or make it again; if it was changed on purpose, write its sums anew (fchecksum FILE "
      "update=yes, or writeto(..., checksum=True) of astropy).";
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < layout.hdus.size(); ++i) {
    const HduLayout& hdu = layout.hdus[i];
    const std::string title = hdu_title(hdu.cards, i);
    const auto expected = datasum_of(hdu.cards);
    const bool has_checksum = !trim(hdu.cards.text("CHECKSUM").value_or("")).empty();
    if (!expected && !has_checksum) continue;
    const std::uint64_t data = sum_of(source, hdu.data, hdu.end);
    if (expected && !equal(*expected, data))
      throw FileError(path, title,
                      fmt::format("expected data whose sum is DATASUM = {}, found {}: the data were changed or damaged "
                                  "after they were written. {}",
                                  *expected, data, todo));
    if (!has_checksum || equal(sum_of(source, hdu.header, hdu.data) + data, 0)) continue;
    if (!expected)
      throw FileError(path, title,
                      std::string("expected header and data that agree with CHECKSUM, found others: they were changed "
                                  "or damaged after they were written. ") +
                          todo);
    notes.push_back(fmt::format(
        "{}[{}]: the header was changed after its CHECKSUM was written; its data are as they were", path, title));
  }
  return notes;
}

}  // namespace zspex::io::detail
