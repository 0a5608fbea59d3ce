/// \file
/// Files of flux-calibrated spectra: DESI coadd, spectra and cframe files, SDSS spec and spPlate files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "io/checksums.hpp"
#include "io/header.hpp"
#include "io/table.hpp"

namespace zspex::io {

/// The spectra of one band, as they are in the file: nothing is masked yet.
struct BandSpectra {
  std::string band;          ///< lower case: "b", "r", "z", "brz"
  std::vector<double> wave;  ///< [nwave] vacuum, Angstrom, increasing
  Array2<float> flux;        ///< [nspec][nwave] 1e-17 erg/s/cm^2/Angstrom; may be NaN
  Array2<float> ivar;  ///< [nspec][nwave] (1e-17 erg/s/cm^2/Angstrom)^-2; 0 = no information; may be NaN or negative
  Array2<std::uint32_t> mask;  ///< [nspec][nwave] 0 = good; empty = the file has none
  Array3<float> resolution;    ///< [nspec][ndiag][nwave] [s][k][j] = R_s[j - ndiag/2 + k][j]; empty = none in the file
};

enum class SpectraKind { coadd, spectra, cframe, sdss };

/// The band of SDSS files.
inline constexpr const char* sdss_band = "sdss";

/// The wavelengths of the grid that all SDSS files share, 10^(0.0001 i) Angstrom, from `first` to `last`, both included
/// and both of the grid. A file holds a piece of it.
std::vector<double> sdss_grid(double first, double last);

/// One file. Rows of all bands and tables are the same spectra; a cframe has one band.
struct SpectraFile {
  std::string path;
  SpectraKind kind = SpectraKind::coadd;
  Header header;                       ///< of the primary HDU
  std::vector<std::int64_t> targetid;  ///< [nspec]
  std::vector<BandSpectra> bands;      ///< in the order of the file
  Table fibermap;                      ///< nspec rows
  std::optional<Table> exp_fibermap;   ///< a row per exposure; of coadds, if the file has it
  std::optional<Table> scores;         ///< nspec rows
};

/// What a file holds, without its images: for plans and for selection.
struct SpectraInfo {
  SpectraKind kind = SpectraKind::coadd;
  std::vector<std::int64_t> targetid;  ///< [nspec]
  struct Band {
    std::string band;
    std::vector<double> wave;  ///< [nwave] Angstrom
    int ndiag = 0;             ///< 0 = no resolution
  };
  std::vector<Band> bands;
  std::vector<std::string> notes;  ///< what is odd about the file but does no harm, each with its name
};

/// Of a file whose FIBERMAP has no rows: no targets and no bands. \throws FileError as read_spectra()
SpectraInfo read_spectra_info(const std::string& path, Checksums checksums = Checksums::verify);

/// The header and the tables, without bands, of the given rows (growing indices). \throws FileError as read_spectra()
SpectraFile read_spectra_tables(const std::string& path, std::span<const std::size_t> rows);

/// Reads the given rows (growing indices) of a file; all rows without them. Plain, .gz and .fz.
/// Kind: an EXP_FIBERMAP, or COADD_NUMEXP or COADD_FIBERSTATUS in FIBERMAP, make a coadd; images named FLUX, IVAR, ...
/// without a band and a CAMERA card a cframe; a table with LOGLAM in the first extension, called COADD or without a
/// name, an SDSS spec file; an image with PLATEID and COEFF0 in the first HDU beside a table in the sixth an SDSS
/// spPlate file, a row per fiber; anything else with <B>_WAVELENGTH images is uncoadded spectra. Of an SDSS file: the
/// pixels from 3500 to 10000 Angstrom, no mask, a FIBERMAP made from the second table with TARGETID = plate * 10^9 +
/// mjd * 10^4 + fiber (SDSS-V: CATALOGID), and a resolution of Gaussians, sigma = WDISP pixels (2 where WDISP is 0),
/// whose columns sum to 1; as Redrock's rrboss.
/// \param contents  of the file, decompressed, where they are in memory and have been looked at; empty: it is read
/// \throws FileError with file and HDU: missing HDUs or columns, shapes that do not fit each other, wavelengths that do
///         not grow or (SDSS) are off the common grid, an even number of diagonals, a truncated file
SpectraFile read_spectra(const std::string& path, std::optional<std::span<const std::size_t>> rows = std::nullopt,
                         std::span<const std::byte> contents = {});

/// Writes file.path as desispec does: PRIMARY with the header, FIBERMAP, EXP_FIBERMAP, <B>_WAVELENGTH, <B>_FLUX,
/// <B>_IVAR, <B>_MASK (of all bands or, if they are empty, of none) and <B>_RESOLUTION of each band, SCORES. A name
/// that ends in .gz is compressed. Whole or not at all.
/// \throws FileError (exit code `output`): kinds other than coadd (which has an exp_fibermap) and spectra (which has
///         none), parts that do not fit each other, and a file that can't be written
void write_spectra(const SpectraFile& file);

}  // namespace zspex::io
