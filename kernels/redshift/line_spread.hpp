/// \file
/// The resolution matrix of spectra that come without one.
#pragma once

#include <span>
#include <vector>

namespace zspex::kernels {

/// Diagonals of line_spread(): odd, at most the number of wavelengths.
int line_spread_diagonals(std::span<const double> wave, double r_fwhm);

/// R[i][j] = part of a line at wave[j] that falls into pixel i: a Gaussian of FWHM = wave[j] / r_fwhm, cut off at five
/// sigma, integrated from edge to edge of the pixel, half-way between the wavelengths; divided by its sum over the pixels
/// that there would be without the band's ends. So rows at the ends sum to less than 1, as DESI's do.
/// \param wave    [nwave] Angstrom, increasing; at least 2
/// \param r_fwhm  0 = no spread: R is the identity
/// \return [ndiag][nwave] diagonals in DESI's order
std::vector<float> line_spread(std::span<const double> wave, double r_fwhm);

}  // namespace zspex::kernels
