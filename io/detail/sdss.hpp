/// \file
/// SDSS and BOSS spectra: spec files, one coadded spectrum each, and spPlate files, all spectra of a plate.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/detail/fits_reader.hpp"
#include "io/spectra.hpp"

namespace zspex::io::detail {

/// True when the first extension is a table called COADD, or without a name, and has a column LOGLAM.
bool is_sdss(FitsReader& file);

/// \param rows  none, or the only one, 0
SpectraFile read_sdss(FitsReader& file, std::span<const std::size_t> rows);

/// True when the first HDU is an image with cards PLATEID and COEFF0, and the sixth a table.
bool is_spplate(FitsReader& file);
SpectraInfo read_spplate_info(FitsReader& file);
/// FIBERMAP and TARGETID of these rows, without their spectra.
SpectraFile read_spplate_tables(FitsReader& file, std::span<const std::size_t> rows);
SpectraFile read_spplate(FitsReader& file, std::span<const std::size_t> rows);

/// The step of all these files in log10(wavelength / Angstrom).
inline constexpr double sdss_step = 1e-4;

/// PLATE 10^9 + MJD 10^4 + FIBERID
std::int64_t sdss_targetid(std::int64_t plate, std::int64_t mjd, std::int64_t fiber);

/// The pixels that are fitted: [first, first + wave.size()) of those at the places first_place, first_place + 1, ... of the
/// common grid.
struct SdssPixels {
  std::size_t first = 0;
  std::vector<double> wave;  ///< Angstrom
};
/// \throws FileError that names `part` when fewer than two are left
SdssPixels pixels_to_fit(const FitsReader& file, const std::string& part, long long first_place, std::size_t nwave);

/// A width (sigma in pixels) of 2 where there is none.
void mend_widths(std::span<float> wdisp);
/// The number of diagonals on each side, from the widest of all spectra that are fitted together.
std::size_t diagonals_beside(float widest, std::size_t nwave);
/// The columns of R are Gaussians of `wdisp` pixels, cut off `half` pixels from the center and normalized as Redrock does
/// for BOSS.
/// \param wdisp  [nspec][nwave] mended
Array3<float> gaussian_resolution(const Array2<float>& wdisp, std::size_t half);

/// A column of FIBERMAP.
template <class T>
Column sdss_column(const char* name, char code, std::vector<T> values, const char* description) {
  Column column;
  column.name = name;
  column.code = code;
  if constexpr (std::is_same_v<T, std::string>) column.repeat = 3;
  column.values = std::move(values);
  column.description = description;
  return column;
}

/// What OBJTYPE of SDSS says, in DESI's words: SKY, or TGT for all else. TGT of a table without it.
std::vector<std::string> sdss_objtypes(const Table& table);

}  // namespace zspex::io::detail
