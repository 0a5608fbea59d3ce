/// \file
/// SDSS and BOSS spectra, spec-PLATE-MJD-FIBER.fits: one coadded spectrum a file.
#pragma once

#include <span>

#include "io/detail/fits_reader.hpp"
#include "io/spectra.hpp"

namespace zspex::io::detail {

/// True when the first extension is a table called COADD, or without a name, and has a column LOGLAM.
bool is_sdss(FitsReader& file);

/// \param rows  none, or the only one, 0
SpectraFile read_sdss(FitsReader& file, std::span<const std::size_t> rows);

}  // namespace zspex::io::detail
