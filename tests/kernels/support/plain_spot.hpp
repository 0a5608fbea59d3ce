/// \file
/// PSF spots in plain loops, from the definition: polynomials written out, pixel integrals by
/// quadrature.
#pragma once

#include "core/array.hpp"
#include "kernels/extract/extract.hpp"

namespace zspex::test {

/// sum_k coeff[ispec][k] P_k(u) with P_k written out as polynomials, k <= 6.
double plain_legendre(const Legendre& series, int ispec, double wave);

/// The integral of He_k(e) exp(-e^2 / 2) / sqrt(2 pi) over [low, high], Gauss-Legendre on short pieces.
double plain_integral(int k, double low, double high);

struct Spot {
  int x = 0, y = 0;      ///< lower left pixel
  Array2<double> light;  ///< [2 hsizey + 1][2 hsizex + 1], sums to 1
};

/// The spot of a fiber at a wavelength. Tails where the PSF has them.
Spot plain_spot(const Psf& psf, int ispec, double wave);

}  // namespace zspex::test
