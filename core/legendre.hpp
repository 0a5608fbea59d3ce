/// \file
/// Legendre series, in which PSF files give everything that changes along a fiber.
#pragma once

#include <cstddef>
#include <span>

#include "core/array.hpp"

namespace zspex {

/// P_k+1(u) from P_k and P_k-1: (k + 1) P_k+1 = (2k + 1) u P_k - k P_k-1, with P_0 = 1.
inline double next_legendre(int k, double u, double now, double before) {
  return ((2 * k + 1) * u * now - k * before) / (k + 1);
}

/// sum_k coeff[k] P_k(u); u beyond -1 ... 1 extrapolates.
inline double sum_legendre(std::span<const double> coeff, double u) {
  double before = 0, now = 1, sum = 0;
  for (std::size_t k = 0; k < coeff.size(); ++k) {
    sum += coeff[k] * now;
    const double next = next_legendre(static_cast<int>(k), u, now, before);
    before = now;
    now = next;
  }
  return sum;
}

/// A series in wavelength, one per fiber: u = (wave - wavemin) * (2 / (wavemax - wavemin)) - 1, value = sum_k
/// coeff[ispec][k] P_k(u).
struct Legendre {
  double wavemin = 0, wavemax = 0;  ///< Angstrom
  Array2<double> coeff;             ///< [nspec][ncoeff]

  int ncoeff() const { return static_cast<int>(coeff.extent(1)); }
};

/// The value for a fiber at a wavelength in Angstrom. Extrapolates.
inline double evaluate(const Legendre& series, int ispec, double wave) {
  const double u = (wave - series.wavemin) * (2.0 / (series.wavemax - series.wavemin)) - 1.0;
  return sum_legendre(series.coeff.row(static_cast<std::size_t>(ispec)), u);
}

}  // namespace zspex
