/// \file
/// DESI preproc frames: a CCD image in electrons with its inverse variance and mask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "io/checksums.hpp"
#include "io/header.hpp"
#include "io/table.hpp"

namespace zspex::io {

/// A preproc frame, as in the file. Wavelength grows with row y, fibers run along x. Pixel centers are integers.
struct Preproc {
  std::string path;
  Header header;                  ///< of the IMAGE HDU
  std::string camera;             ///< header CAMERA, lower case, for example "r0"; empty if absent
  Array2<float> image;            ///< [ny][nx] electrons
  Array2<float> ivar;             ///< [ny][nx] electrons^-2; 0 = no information; may be NaN or negative
  Array2<std::uint32_t> mask;     ///< [ny][nx] bits of ccdmask; 0 = good
  Array2<float> readnoise;        ///< [ny][nx] electrons; empty if the file has none
  std::optional<Table> fibermap;  ///< one row per fiber
  /// Counted at the door, so that the stage can report them; the arrays are left as they are.
  std::size_t nan_pixels = 0;      ///< IMAGE or IVAR not finite
  std::size_t negative_ivar = 0;   ///< IVAR < 0
  std::vector<std::string> notes;  ///< what is odd about the file but does no harm, each with its name
};

/// Reads IMAGE, IVAR, MASK (plain or tile compressed) and, where present, READNOISE and FIBERMAP. Accepts .fits,
/// .fits.gz and .fits.fz. Found by EXTNAME, not by number.
/// \throws FileError (exit code `input`) when the file is missing, empty, truncated or not FITS; an HDU is missing, not
///         a 2-d image, of another shape than IMAGE, or BUNIT is not electrons
Preproc read_preproc(const std::string& path, Checksums checksums = Checksums::verify);

/// Writes a preproc frame with the layout and types that desispec writes (MASK as a plain int32 image). Compressed by
/// suffix (.gz; .fz: tile-compressed with lossless GZIP). Whole or not at all.
/// \throws FileError (exit code `output`)
void write_preproc(const std::string& path, const Preproc& frame);

}  // namespace zspex::io
