/// \file
/// The point spread function of a spectrograph's camera.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/legendre.hpp"

namespace zspex {

/// A fiber that has no data in some range, because its trace can't be used there.
struct TraceFault {
  int ispec = 0;
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

/// A Gauss-Hermite PSF: the light of each fiber and wavelength on the CCD, as specex fits it.
struct Psf {
  int nspec = 0;               ///< fibers
  int npix_x = 0, npix_y = 0;  ///< size of the CCD that it was fitted to
  int hsizex = 0, hsizey = 0;  ///< a spot is nspotx() x nspoty() pixels
  int ghdegx = 0, ghdegy = 0;  ///< degrees of the Hermite polynomials
  Legendre x, y;               ///< traces, pixels
  Legendre sigmax, sigmay;     ///< GHSIGX, GHSIGY, pixels
  std::vector<Legendre> gh;    ///< GH-i-j, element i * (ghdegy + 1) + j: i along x (columns), j along y. Absent: zero.
  std::vector<Legendre> tail;  ///< TAILAMP, TAILCORE, TAILXSCA, TAILYSCA, TAILINDE; empty = no tails
  std::optional<SecondCore> second = {};  ///< type GAUSS-HERMITE2
  std::vector<TraceFault> faults = {};    ///< by fiber

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
