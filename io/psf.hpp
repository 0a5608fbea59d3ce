/// \file
/// Gauss-Hermite PSF files as specex writes them (PSFVER 3) and as they were before (PSFVER 1 and 2), types
/// GAUSS-HERMITE and GAUSS-HERMITE2.
#pragma once

#include <string>
#include <vector>

#include "core/psf.hpp"
#include "io/header.hpp"

namespace zspex::io {

/// A fiber that the PSF can't be used for.
struct BadFiber {
  int ispec = 0;
  std::string why;  ///< in words: "NaN or infinity in coefficient 1 of GHSIGX"
};

/// A PSF with what its file tells beside it. Every coefficient of every row is used; LEGDEGX and LEGDEGW are ignored,
/// as in the reference programs. Spots of type GAUSS-HERMITE2 have 2 hsizex x 2 hsizey pixels in specex.
struct PsfFile : Psf {
  std::string path;
  Header header;                    ///< of the PSF HDU
  std::string camera;               ///< CAMERA without quotes, lower case; may be empty
  double psferr = 0.01;             ///< fractional error of the PSF, from PSFERR (not PSFERROR)
  double wavemin = 0, wavemax = 0;  ///< WAVEMIN, WAVEMAX of the PSF HDU, Angstrom
  bool has_tail = false;            ///< some TAILAMP coefficient is not zero
  /// Fibers with numbers that aren't finite, a trace of zeros, or sigmas that are not positive in [wavemin, wavemax];
  /// by fiber, each once. Their coefficients are left as they are.
  std::vector<BadFiber> bad_fibers;
  std::vector<std::string> notes;  ///< what is odd about the file but does no harm, each with its name
};

/// \throws FileError (exit code `input`) when the file is missing, truncated or not FITS, is of another PSFTYPE, lacks
///         a row or an HDU, has rows of unequal size, or no fiber that isn't bad
PsfFile read_psf(const std::string& path);

/// Writes type GAUSS-HERMITE, PSFVER 3: XTRACE (primary), YTRACE, PSF. Whole or not at all. All series of gh, sigma and
/// tail must share one size. \throws FileError (exit code `output`)
void write_psf(const std::string& path, const PsfFile& psf);

}  // namespace zspex::io
