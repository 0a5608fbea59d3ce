/// \file
/// From the sums of a fit to its coefficients and chi^2; on host and device.
#pragma once

#include "kernels/linalg/small_solve.hpp"
#include "kernels/linalg/small_systems.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels::detail {

/// Where the product of columns i >= j stands among all.
KOKKOS_INLINE_FUNCTION constexpr int product_index(int i, int j) { return i * (i + 1) / 2 + j; }

/// Sums of products of one target at one redshift: of the columns B[i] = sqrt(ivar) R T[i], i < nbasis, and
/// B[nbasis] = sqrt(ivar) flux, at product_index(i, j).
KOKKOS_INLINE_FUNCTION constexpr int products_of(int nbasis) { return product_index(nbasis + 1, 0); }

/// The solution of one fit.
struct LinearFit {
  double chi2 = no_chi2;
  /// chi2 is the difference of numbers that are too large for it; it is to be had from the residuals instead.
  bool cancelled = false;
};

/// The penalty for negative [OII] emission: minus the sum of the model over 3724 to 3733 Angstrom, rest frame, where that is
/// positive.
///   sums  [nbasis] of each vector there
KOKKOS_INLINE_FUNCTION double negative_light(int nbasis, const double* coeff, const double* sums) {
  double light = 0;
  for (int b = 0; b < nbasis; ++b) light = fused(coeff[b], sums[b], light);
  return light < 0 ? -light : 0;
}

/// Doubles that solve_normal() works with.
KOKKOS_INLINE_FUNCTION constexpr int solve_workspace(int nbasis) {
  return nbasis * (nbasis + 1) + nonnegative_workspace(nbasis);
}

/// Solves M c = y, or min |M c - y| with c >= 0; chi^2 = f'f - 2 c'y + c'M c, which holds for any c. 2/3 n^3 operations.
///   products  [products_of(nbasis)]
///   coeff     [nbasis], 0 when not solved
///   workspace      [solve_workspace(nbasis)]
KOKKOS_INLINE_FUNCTION LinearFit solve_normal(bool nonnegative, int nbasis, const double* products, double* coeff,
                                              double* workspace) {
  double *m = workspace, *y = m + nbasis * nbasis, *rest = y + nbasis;
  for (int i = 0; i < nbasis; ++i) {
    y[i] = products[product_index(nbasis, i)];
    for (int j = 0; j <= i; ++j) m[i * nbasis + j] = m[j * nbasis + i] = products[product_index(i, j)];
  }
  bool solved;
  if (nonnegative) {
    solved = solve_partly_nonnegative(nbasis, nbasis, m, y, coeff, rest);
  } else {
    double* factors = rest;
    for (int k = 0; k < nbasis * nbasis; ++k) factors[k] = m[k];
    for (int i = 0; i < nbasis; ++i) coeff[i] = y[i];
    solved = solve_lu(nbasis, factors, coeff);
  }
  const auto give_up = [&] {
    for (int i = 0; i < nbasis; ++i) coeff[i] = 0;
    return LinearFit();
  };
  if (!solved) return give_up();
  double chi2 = products[product_index(nbasis, nbasis)], largest = chi2;
  for (int i = 0; i < nbasis; ++i) {
    double row = -2 * y[i], size = 2 * math::fabs(y[i]);
    for (int j = 0; j < nbasis; ++j) {
      row = fused(m[i * nbasis + j], coeff[j], row);
      size += math::fabs(m[i * nbasis + j] * coeff[j]);
    }
    chi2 = fused(row, coeff[i], chi2);
    largest = fused(size, math::fabs(coeff[i]), largest);
  }
  if (!(chi2 <= most_float)) return give_up();
  for (int i = 0; i < nbasis; ++i)
    if (!(math::fabs(coeff[i]) <= most_float)) return give_up();
  LinearFit fit;
  fit.chi2 = chi2;
  constexpr double most_cancelled = 1e5;  // digits lost: 5 of 16
  fit.cancelled = !(largest < most_cancelled * chi2);
  return fit;
}

}  // namespace zspex::kernels::detail
