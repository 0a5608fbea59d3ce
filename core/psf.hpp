/// \file
/// The point spread function of a spectrograph's camera: Gauss-Hermite, as specex fits it (Guy et al. 2023, AJ 165,
/// 144).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/legendre.hpp"

namespace zspex {

/// A fiber that has no data in some range, because its trace can't be used there.
struct TraceFault {
  int ispec = 0;                    ///< number of the fiber in the PSF
  double wavemin = 0, wavemax = 0;  ///< Angstrom, both ends included; 0 to infinity: everywhere
  bool dark = true;  ///< its spots are taken to hold no light; else they are fitted, for its neighbors' sake
  std::string why;   ///< in words; empty where another fault of the same fiber tells

  bool holds(double wave) const { return wave >= wavemin && wave <= wavemax; }
  bool everywhere() const { return dark && wavemin <= 0 && wavemax > 1e300; }
};

/// The wider second core of type GAUSS-HERMITE2.
struct SecondCore {
  int ghdegx = 0, ghdegy = 0;  ///< GHDEGX2, GHDEGY2
  Legendre sigmax, sigmay;     ///< GHSIGX2, GHSIGY2, pixels
  Legendre nsig;               ///< GHNSIG: the first core is cut off at this many of its sigmas
  std::vector<Legendre> gh;    ///< GH2-i-j, element i * (ghdegy + 1) + j. Absent terms are zero.
};

/// A Gauss-Hermite PSF: the light of each fiber and wavelength on the CCD. A spot is
///   S(x, y) = sum_ij GH_ij He_i(x / sigmax) phi(x / sigmax) He_j(y / sigmay) phi(y / sigmay)
/// integrated over pixels, clipped at 0 and normalized to 1, with x and y from the trace, He_k the probabilists'
/// Hermite polynomials and phi the normal density. All parameters are Legendre series in wavelength, one per fiber.
/// Pixel centers are integers; x runs along columns, from fiber to fiber, y along rows, with wavelength.
struct Psf {
  int nspec = 0;               ///< fibers
  int npix_x = 0, npix_y = 0;  ///< size of the CCD that it was fitted to, pixels
  int hsizex = 0, hsizey = 0;  ///< half of a spot, pixels: it is nspotx() x nspoty() of them
  int ghdegx = 0, ghdegy = 0;  ///< degrees of the Hermite polynomials
  Legendre x, y;               ///< traces, pixels
  Legendre sigmax, sigmay;     ///< GHSIGX, GHSIGY, pixels
  std::vector<Legendre> gh;    ///< GH-i-j, element i * (ghdegy + 1) + j: i along x (columns), j along y. Absent: zero.
  std::vector<Legendre> tail;  ///< TAILAMP, TAILCORE, TAILXSCA, TAILYSCA, TAILINDE; empty = no tails
  std::optional<SecondCore> second = {};  ///< type GAUSS-HERMITE2
  std::vector<TraceFault> faults = {};    ///< ordered by fiber; a fiber may have several

  /// Pixels of a spot along each axis; R has as many diagonals as a spot has rows.
  int nspotx() const { return 2 * hsizex + 1; }
  int nspoty() const { return 2 * hsizey + 1; }
  /// Whether a fiber has no light at all.
  bool is_dark(int ispec) const {
    return std::any_of(faults.begin(), faults.end(),
                       [&](const TraceFault& fault) { return fault.ispec == ispec && fault.everywhere(); });
  }
};

}  // namespace zspex
