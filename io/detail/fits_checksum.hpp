/// \file
/// Checksums of HDUs. Source: FITS standard 4.0, section 4.4.2.7 and appendix J: the sum of all 32-bit big-endian words
/// in ones' complement.
#pragma once

#include <string>
#include <vector>

#include "io/detail/fits_layout.hpp"

namespace zspex::io::detail {

/// Compares DATASUM and CHECKSUM, where a header has them, with what the file holds.
/// \return notes: headers that were changed without their sum, over data that are as they were
/// \throws FileError for data that are not those that the sum was taken of
std::vector<std::string> verify_checksums(ByteSource& source, const std::string& path, const FitsLayout& layout);

}  // namespace zspex::io::detail
