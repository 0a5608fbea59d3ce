/// \file
/// Gauss-Hermite PSF files as specex writes them (PSFVER 3) and as they were before (PSFVER 1 and 2), types
/// GAUSS-HERMITE and GAUSS-HERMITE2.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "io/header.hpp"

namespace zspex::io {

/// Legendre series in wavelength, one per fiber: sum_k coeff[ispec][k] P_k(u), u = (wave - wavemin) * (2 / (wavemax -
/// wavemin)) - 1. Outside [wavemin, wavemax] the series is extrapolated.
struct LegendreSeries {
  double wavemin = 0, wavemax = 0;  ///< Angstrom
  Array2<double> coeff;             ///< [nspec][ncoeff]
};

/// The wider second core of type GAUSS-HERMITE2.
struct SecondCore {
  int ghdegx = 0, ghdegy = 0;      ///< GHDEGX2, GHDEGY2
  LegendreSeries sigmax, sigmay;   ///< GHSIGX2, GHSIGY2, pixels
  LegendreSeries nsig;             ///< GHNSIG: the first core is cut off at this many of its sigmas
  std::vector<LegendreSeries> gh;  ///< GH2-i-j, element i * (ghdegy + 1) + j. Absent terms are zero.
};

/// A fiber that the PSF can't be used for.
struct BadFiber {
  int ispec = 0;
  std::string why;  ///< in words: "NaN or infinity in coefficient 1 of GHSIGX"
};

/// A Gauss-Hermite PSF. Every coefficient of every row is used; LEGDEGX and LEGDEGW are ignored, as in the reference
/// programs.
struct GaussHermitePsf {
  std::string path;
  Header header;                    ///< of the PSF HDU
  std::string camera;               ///< CAMERA without quotes, lower case; may be empty
  int nspec = 0;                    ///< fibers
  int npix_x = 0, npix_y = 0;       ///< size of the CCD it was fitted to
  int hsizex = 0, hsizey = 0;       ///< the spot is (2 hsizex + 1) x (2 hsizey + 1) pixels
  int ghdegx = 0, ghdegy = 0;       ///< degrees of the Hermite polynomials
  double psferr = 0.01;             ///< fractional error of the PSF, from PSFERR (not PSFERROR)
  double wavemin = 0, wavemax = 0;  ///< WAVEMIN, WAVEMAX of the PSF HDU, Angstrom
  LegendreSeries x, y;              ///< traces, pixels
  LegendreSeries sigmax, sigmay;    ///< GHSIGX, GHSIGY, pixels
  /// GH-i-j, element i * (ghdegy + 1) + j: i along x (columns), j along y (rows). Absent terms are zero.
  std::vector<LegendreSeries> gh;
  std::optional<SecondCore> second;  ///< type GAUSS-HERMITE2 only; its spots have 2 hsizex x 2 hsizey pixels
  /// TAILAMP, TAILCORE, TAILXSCA, TAILYSCA, TAILINDE in this order; empty if the file has none.
  std::vector<LegendreSeries> tail;
  bool has_tail = false;  ///< some TAILAMP coefficient is not zero
  /// Fibers with numbers that aren't finite, a trace of zeros, or sigmas that are not positive in [wavemin, wavemax]; by
  /// fiber, each once. Their coefficients are left as they are.
  std::vector<BadFiber> bad_fibers;
  std::vector<std::string> notes;  ///< what is odd about the file but does no harm, each with its name
};

/// \throws FileError when the file is missing, truncated or not FITS, is of another PSFTYPE, lacks a row or an HDU, has
/// rows of
///         unequal size, or no fiber that isn't bad.
GaussHermitePsf read_psf(const std::string& path);

/// Writes type GAUSS-HERMITE, PSFVER 3: XTRACE (primary), YTRACE, PSF. Whole or not at all. All series of gh, sigma and tail must share one
/// size.
void write_psf(const std::string& path, const GaussHermitePsf& psf);

}  // namespace zspex::io
