/// \file
/// Compressed HDUs, looked at before CFITSIO decompresses them: it goes on for ever at a gzip tile that is cut off, and
/// believes the sizes that stand in headers and tiles. Source: FITS standard 4.0, section 10.
#pragma once

#include <string>

#include "io/detail/fits_layout.hpp"

namespace zspex::io::detail {

/// Checks what the header of an HDU with ZIMAGE promises against what its bytes can hold. \throws FileError
void check_image_sizes(ByteSource& source, const std::string& path, const HduLayout& hdu, const std::string& title);

/// Checks an HDU with ZIMAGE or ZTABLE: sizes, descriptors against the heap, gzip tiles by
/// decompressing them into nothing. \throws FileError with the tile
void check_tiles(ByteSource& source, const std::string& path, const HduLayout& hdu, const std::string& title);

}  // namespace zspex::io::detail
