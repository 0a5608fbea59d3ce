/// \file
/// Some rows of an image.
#pragma once

#include <span>

#include "io/detail/fits_reader.hpp"

namespace zspex::io::detail {

/// The wanted rows (growing) of an image of rows x `width` values, one behind the other into `out`.
template <class T>
void read_rows(FitsReader& file, const HduInfo& hdu, std::size_t width, std::span<const std::size_t> rows, T* out) {
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t n = 1;  // neighbors in one go
    while (i + n < rows.size() && rows[i + n] == rows[i] + n) ++n;
    file.pixels(hdu, rows[i] * width, n * width, out + i * width);
    i += n;
  }
}

}  // namespace zspex::io::detail
