/// \file
/// Fits of templates in plain loops and long double, from their definitions: what the kernels are compared with. Each
/// answer comes with the change that rounded products may make to it.
#pragma once

#include <span>
#include <vector>

#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/plain_solve.hpp"

namespace zspex::test {

using Grids = std::vector<std::vector<double>>;  ///< [nband][nwave] Angstrom
using Light = std::vector<std::vector<Real>>;    ///< [nband][nwave] one spectrum on the pixels of all bands

/// The mean over each pixel of spectra at redshift z, times the transmission: [nspectrum].
///   wave  [nsample] rest frame
///   flux  [nspectrum][nsample] linear between samples
std::vector<Light> observe_plainly(std::span<const double> wave, const Array2<double>& flux, double z,
                                   kernels::IgmModel igm, const Grids& grids);

/// sum over j of R[i][j] light[j]
std::vector<Real> convolve_plainly(const kernels::TargetSpectrum& spectrum, const std::vector<Real>& light);

/// Columns of a linear fit on the pixels of all spectra of a target, one after the other; all times sqrt(ivar).
struct PlainSystem {
  std::vector<Real> flux;                  ///< [npixel]
  int ngood = 0;                           ///< pixels with ivar > 0
  std::vector<std::vector<Real>> columns;  ///< [ncolumn][npixel]
  std::vector<std::vector<Real>> sizes;    ///< [ncolumn][npixel] of what is added up: sum of |R| x the largest
};

PlainSystem system_plainly(const kernels::Target& target);
/// \param band  zero in all others; -1: in all
void add_column_plainly(PlainSystem& system, const kernels::Target& target, const Light& light, Real largest,
                        int band = -1);
PlainSystem system_plainly(const kernels::Target& target, const Grids& grids, const kernels::Template& tmpl, double z);

/// What the values of columns and flux may be wrong by, relative to `sizes`.
struct Rounding {
  double worst = 0;   ///< at most, and perhaps of all pixels alike
  double random = 0;  ///< scatter, from pixel to pixel; eight times it is taken for impossible

  double most() const { return worst + 8 * random; }
};

/// The solution of a fit, and by how much rounding may change it. With r the residuals, s what is added up in them,
/// G = M^-1 and |b_i| the norm of column i (Higham 2002, ch. 20, with |b_i| and s from absolute values):
///   change of c_i    <= most sqrt(G_ii) (|s| + K |r|), K = sum of sqrt(G_ii) |b_i|
///   change of chi^2  <= 2 worst |s| |r| + 16 random |s r| + |gradient| |change of c|
///                       + 2 (most |s| + sum of |b_i| change of c_i)^2
/// and the fitter may subtract sums of products down to 1e-5 of their size.
struct PlainFit {
  bool solved = false;
  std::vector<Real> coeff;       ///< [ncolumn] zero when not solved
  Real chi2 = kernels::no_chi2;  ///< from the residuals
  Real null_chi2 = 0;            ///< of no model
  int npixel = 0;                ///< with ivar > 0

  double coeff_error(std::size_t i, const Rounding& rounding) const;
  double chi2_error(const Rounding& rounding) const;

  std::vector<Real> coeff_change;                                         ///< by `most` = 1
  Real by_worst = 0, by_random = 0, by_coeff = 0, squared = 0, sums = 0;  ///< terms of the above, for 1 each
};

/// sigma of the coefficients: sqrt((M^-1)_ii).
std::vector<Real> sigma_plainly(const PlainSystem& system);

/// M c = y; or min |M c - y| with c[i] >= 0 for i < nbounded.
/// \param prior  [ncolumn] is added to the diagonal of M; may be empty
PlainFit fit_plainly(const PlainSystem& system, int nbounded, const std::vector<Real>& prior = {});
PlainFit fit_plainly(const kernels::Target& target, const Grids& grids, const kernels::Template& tmpl, double z);

/// For negative [OII] emission: PCA of galaxies.
Real penalty_plainly(const kernels::Template& tmpl, const std::vector<Real>& coeff);
double penalty_error(const kernels::Template& tmpl, const PlainFit& fit, const Rounding& rounding);

}  // namespace zspex::test
