/// \file
/// Extracted frames: DESI's frame FITS file and our HDF5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "core/provenance.hpp"
#include "core/timing.hpp"
#include "io/header.hpp"
#include "io/output.hpp"
#include "io/table.hpp"

namespace zspex::io {

/// One camera's extracted spectra of one exposure.
struct Frame {
  Header header;                  ///< of the input IMAGE, with NSPEC, WAVEMIN, ..., added
  std::vector<double> wave;       ///< [nwave] vacuum, Angstrom, bin centers
  Array2<float> flux;             ///< [nspec][nwave] electron/Angstrom, convolved by resolution
  Array2<float> ivar;             ///< [nspec][nwave] (electron/Angstrom)^-2; 0 = no information
  Array2<std::uint32_t> mask;     ///< [nspec][nwave] bits of specmask
  Array3<float> resolution;       ///< [nspec][ndiag][nwave] element [s][k][j] = R_s[j - ndiag/2 + k][j], unitless
  Array2<float> chi2pix;          ///< [nspec][nwave] weighted mean of (pixel - model)^2 / variance; 0: no pixel is used
  std::optional<Table> fibermap;  ///< nspec rows
  std::optional<Table> scores;    ///< nspec rows
};

/// Writes DESI's frame file: FLUX (primary, BUNIT electron/Angstrom), IVAR, MASK (uint32), WAVELENGTH, RESOLUTION,
/// FIBERMAP, CHI2PIX, SCORES, with CHECKSUM and DATASUM. Under a temporary name in the same folder, then renamed: whole
/// or not at all. A name that ends in .gz is compressed.
/// \throws FileError (exit code `output`)
void write_frame_fits(const std::string& path, const Frame& frame, const Provenance& provenance,
                      WriteOptions options = {});

/// Reads what write_frame_fits() or desispec wrote. chi2pix is empty and the tables are absent where the file has none.
/// \throws FileError (exit code `input`) when the file is missing, damaged or not FITS, or an HDU is missing, of
///         another shape or type
Frame read_frame_fits(const std::string& path);

/// Writes /provenance, /timing and /frames/<name>/ (layout version 1). Whole or not at all.
/// \param name  camera and exposure, for example "r0-00051060"
/// \throws FileError (exit code `output`)
void write_frame_hdf5(const std::string& path, const std::string& name, const Frame& frame,
                      const Provenance& provenance, const std::vector<Timing>& timing, WriteOptions options = {});

/// Reads /frames/<name>/ of a file that write_frame_hdf5() wrote.
/// \param name  empty for the only frame of the file
/// \throws FileError (exit code `input`) when the file is missing, truncated, not HDF5, not zspex's or of a newer
///         layout version; when there is no such frame; when a dataset is missing, of another shape or type
Frame read_frame_hdf5(const std::string& path, const std::string& name = "");

/// Names of the frames in a zspex HDF5 file, in alphabetical order. \throws FileError (exit code `input`)
std::vector<std::string> frame_names(const std::string& path);

}  // namespace zspex::io
