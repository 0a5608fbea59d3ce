/// \file
/// Absorption by the intergalactic medium: hydrogen between a target and us, by its mean.
#pragma once

#include <span>
#include <vector>

#include "core/array.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

/// Rest wavelength of Lyman alpha, Angstrom: nothing is absorbed redward of it.
inline constexpr double lyman_alpha_angstrom = 1215.67;

/// The mean transmission of the intergalactic medium towards redshifts z on some wavelengths, between 0 and 1. A line
/// absorbs observed wavelengths below line_wave (1 + z). What depends on the wavelength alone, each line's absorption
/// exp(-tau), is computed once; the Lyman continuum of inoue14 also depends on z, and kernels add it.
///   calura12  Lyman alpha to epsilon, tau = A (lambda / lambda_line)^B: Calura et al. 2012, MNRAS 422, 3019
///   kamble20  Lyman alpha only: Kamble et al. 2020, ApJ 892, 70
///   inoue14   39 Lyman lines and the Lyman continuum of the forest and of damped systems: Inoue et al. 2014,
///             MNRAS 442, 1805, eq. 21-29
class Transmission {
 public:
  /// \param wave  [nwave] observed, Angstrom, in one piece or more of which each increases
  Transmission(IgmModel model, std::span<const double> wave);

  /// What kernels read; see detail/absorb.hpp.
  IgmModel model() const { return model_; }
  const std::vector<double>& wave() const { return wave_; }
  const std::vector<double>& line_wave() const { return line_wave_; }  ///< [nline] rest frame, Angstrom
  const Array2<double>& passing() const { return passing_; }           ///< [nline][nwave] exp(-tau) of each line

 private:
  IgmModel model_;
  std::vector<double> wave_, line_wave_;
  Array2<double> passing_;
};

}  // namespace zspex::kernels
