/// \file
/// Where the HDUs of a FITS file lie, from their headers alone and without CFITSIO, which believes any size that a
/// header names. Source: FITS standard 4.0, sections 3.1 to 3.4, 4.4.1 and 7.3.1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/detail/byte_source.hpp"
#include "io/header.hpp"

namespace zspex::io::detail {

/// One HDU. The file has been looked at: it holds [header, data + data_size).
struct HduLayout {
  Header cards;                 ///< all of them, as they stand in the file
  std::uint64_t header = 0;     ///< where it begins
  std::uint64_t data = 0;       ///< where its data begin
  std::uint64_t data_size = 0;  ///< bytes without padding
  std::uint64_t end = 0;        ///< where the next HDU begins
};

struct FitsLayout {
  std::vector<HduLayout> hdus;
  std::uint64_t size = 0;          ///< what the file holds, at most the end of the last HDU
  std::vector<std::string> notes;  ///< what is odd but does no harm
};

inline constexpr std::uint64_t fits_block = 2880;

/// Bytes of a value of this BITPIX or ZBITPIX; nothing if there is no such type.
std::optional<std::uint64_t> bytes_of_bitpix(long long bitpix);

/// "PSF", or "(unnamed HDU 2)": how messages name the HDU at this index.
std::string hdu_title(const std::string& name, std::size_t index);
std::string hdu_title(const Header& cards, std::size_t index);

/// Walks over the headers.
/// \throws FileError when a size is no number, is negative or larger than the file, or when anything but another HDU
///         and padding follows
FitsLayout read_layout(ByteSource& source, const std::string& path);

}  // namespace zspex::io::detail
