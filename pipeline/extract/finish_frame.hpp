/// \file
/// From the gathered spectra of a frame to what is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "io/frame.hpp"
#include "io/header.hpp"
#include "io/table.hpp"
#include "kernels/extract/finish_block.hpp"

namespace zspex::pipeline {

/// The spectra of all fibers of a frame, filled block by block.
struct FrameSpectra {
  FrameSpectra() = default;
  FrameSpectra(std::size_t nspec, std::size_t ndiag, std::size_t nwave);

  Array2<float> flux, ivar;                  ///< [nspec][nwave] as in kernels::BlockSpectra
  Array2<std::uint32_t> mask;                ///< [nspec][nwave]
  Array3<float> resolution;                  ///< [nspec][ndiag][nwave]
  Array2<float> chi2pix;                     ///< [nspec][nwave]
  std::vector<kernels::FiberScores> scores;  ///< [nspec]
  Array2<float> model;                       ///< [ny][nx] electrons; empty unless asked for
};

/// What the file says about a frame besides its spectra.
struct FrameFacts {
  io::Header header;                           ///< of the input's IMAGE
  std::optional<io::Table> fibermap;           ///< rows of the fibers that are extracted
  std::vector<double> wave;                    ///< [nwave] Angstrom
  double wavemin = 0, wavemax = 0, dwave = 0;  ///< as asked for, Angstrom
  int specmin = 0;
  std::string input, psf;               ///< paths
  std::optional<std::string> orig_psf;  ///< IN_PSF of the PSF file: the one it was shifted from
  std::optional<double> heliocor;       ///< factor of a barycentric correction, if one was made
  std::string version;                  ///< of zspex
  bool scores = true;
  int npatch = 0, nretried = 0, nfailed = 0;  ///< of the solver; windows, for the solver `bundle`
  int nbad_fiber = 0;                         ///< fibers with a faulty trace: BADFIBER
  std::int64_t nbad_pixel = 0;                ///< pixels left out: absurd_pixels.hpp
};

/// The rows of the fibers [specmin, specmin + nspec). A table that has been trimmed to exactly these fibers before is
/// taken as it is, if its column FIBER says so.
/// \param petal_size  fibers that a petal has: FIBER counts on over the petals
/// \throws FileError when it has too few rows
io::Table trim_fibermap(const io::Table& fibermap, int specmin, int nspec, int petal_size, const std::string& path);

/// Everything together: masks that need the whole frame, scores, and the header with the cards that DESI's frames have.
io::Frame finish_frame(FrameSpectra&& spectra, const FrameFacts& facts);

/// A path as DESI's headers have it: SPCALIB and SPECPROD for the folders that DESI_SPECTRO_CALIB, and
/// DESI_SPECTRO_REDUX and SPECPROD, name in the environment.
std::string shorten_path(const std::string& path);

}  // namespace zspex::pipeline
