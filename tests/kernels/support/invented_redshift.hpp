/// \file
/// Invented spectra and templates for tests of redshifts: everything is different from everything else.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "tests/kernels/support/host_fitter.hpp"
#include "tests/kernels/support/plain_redshift.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::test {

/// Three bands that overlap, of 101, 263 and 149 pixels, each of another width.
Grids invent_grids();

/// n redshifts from `first` on, evenly.
std::vector<double> even_redshifts(double first, double step, int n);

/// Continua of different slope, waves and narrow lines, which cover invent_grids() at the redshifts; nowhere negative for
/// NMF. A galaxy's also cover [OII].
kernels::Template invent_template(const std::string& spectype, FitMethod method, int nbasis,
                                  const std::vector<double>& redshifts, Random& random,
                                  kernels::IgmModel igm = kernels::IgmModel::none);

using Shape = std::vector<std::pair<int, int>>;  ///< of a target: band and number of diagonals of each spectrum

/// The light c x T(z) behind a resolution that is lopsided and changes along the band, with noise of 1/sqrt(ivar). ivar
/// varies by a factor of ten and is zero in every twentieth pixel, where flux is nonsense; and so is R outside of the matrix.
/// \param noise  times 1/sqrt(ivar)
kernels::Target invent_target(const Shape& shape, const Grids& grids, const kernels::Template& tmpl,
                              const std::vector<double>& coeff, double z, Random& random, double noise = 1);

/// Coefficients of about 1, positive.
std::vector<double> invent_coeff(int nbasis, Random& random);

/// What the fitter's columns for such targets may be wrong by.
Rounding rounding_of(bool mixed, int ndiag = 11);

/// Scans a template for the targets of a batch, in slices that begin at `cuts`. What isn't written is -7.
Zscan scan_slices(const HostFitter& fitter, int itemplate = 0, const std::vector<int>& cuts = {0},
                  bool with_coeff = true, std::size_t ibatch = 0);

}  // namespace zspex::test
