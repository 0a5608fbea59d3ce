/// \file
/// What is in a file, without its big arrays; and one spectrum of it. For `zspex inspect`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/frame.hpp"

namespace zspex::io {

enum class FileKind {
  frame_fits,    ///< an extracted frame, as desispec's
  results_hdf5,  ///< zspex's HDF5
  preproc,
  psf,
  truth,           ///< of a simulation
  model,           ///< a model image
  coadd,           ///< these four are what read_spectra() reads
  spectra,         ///< uncoadded
  cframe,          ///< flux-calibrated spectra of one camera
  sdss,            ///< spec or spPlate
  redshifts_fits,  ///< of zspex or Redrock, with or without models
  details_hdf5,    ///< Redrock's details; zspex's are results_hdf5
  other_fits,
  other_hdf5
};

/// "frame (FITS)", "zspex results (HDF5)", ...
const char* to_string(FileKind kind);

/// One HDU or HDF5 dataset; or all of a details file's /zfit together, which has one for each target.
struct DatasetInfo {
  std::string name;                ///< EXTNAME or path
  std::string type;                ///< "float32", "table of 8 columns", ...
  std::vector<std::size_t> shape;  ///< the last index runs fastest; rows of a table
  std::string units, description;  ///< may be empty
  std::uint64_t bytes = 0;         ///< in the file; of a gzipped file: after decompression
};

/// One frame of the file.
struct FrameInfo {
  std::string name;    ///< "r0-00051060"; of a FITS frame made from its header, empty if that says nothing
  std::string camera;  ///< may be empty
  std::size_t nspec = 0, nwave = 0;
  double wavemin = 0, wavemax = 0;  ///< Angstrom
};

struct ResultsSummary {
  std::string path;
  FileKind kind = FileKind::other_fits;
  std::uint64_t file_bytes = 0;
  std::vector<DatasetInfo> datasets;
  Header header;                         ///< of the first HDU, image of a .fz file, or frame; empty if there is none
  std::optional<Provenance> provenance;  ///< of files made by zspex
  std::vector<Timing> timing;
  std::vector<Table> run;  ///< what is told of the run beside: ranks, strategies
  std::vector<FrameInfo> frames;
  bool has_redshifts = false;      ///< read_redshifts() reads it
  std::vector<std::string> notes;  ///< what is odd about the file but does no harm, each with its name
};

/// \throws FileError when the file is missing, empty, truncated, or neither FITS nor HDF5.
ResultsSummary read_summary(const std::string& path);

/// Reads a result of zspex from its first to its last byte. \return where it came from
/// \throws FileError when it is missing, damaged or cut, or does not tell that zspex made it
Provenance read_whole(const std::string& path);

/// One spectrum of a frame.
struct Spectrum {
  std::vector<double> wave;         ///< [nwave] Angstrom
  std::vector<float> flux, ivar;    ///< [nwave] in the file's units
  std::vector<std::uint32_t> mask;  ///< [nwave]
  std::string units;                ///< of flux
};

/// Reads row `ispec` of a frame alone, from FITS or HDF5.
/// \param frame  name in an HDF5 file; empty for its only frame. Ignored for FITS.
/// \throws FileError also when there is no such frame or row.
Spectrum read_spectrum(const std::string& path, std::size_t ispec, const std::string& frame = "");

}  // namespace zspex::io
