/// \file
/// Absorption by the intergalactic medium.
#pragma once

#include <span>
#include <vector>

#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

/// Rest wavelength of Lyman alpha, Angstrom: nothing is absorbed redward of it.
inline constexpr double lyman_alpha_angstrom = 1215.67;

/// The transmission of the intergalactic medium towards redshifts z on one grid of wavelengths. What depends on the
/// wavelength alone, each line's absorption, is computed once.
///   calura12  Lyman alpha to epsilon, tau = A (lambda / lambda_line)^B: Calura et al. 2012, MNRAS 422, 3019
///   kamble20  Lyman alpha only: Kamble et al. 2020, ApJ 892, 70
///   inoue14   39 Lyman lines and the Lyman continuum of the forest and of damped systems: Inoue et al. 2014,
///             MNRAS 442, 1805, eq. 21-29
class Transmission {
 public:
  /// \param wave  [nwave] observed, Angstrom, increasing
  Transmission(IgmModel model, std::span<const double> wave);

  /// values[i] *= transmission at wave[i] towards z.
  template <class Real>
  void apply(double z, std::span<Real> values) const;

  struct Line {
    double wave;                  ///< rest frame, Angstrom
    std::vector<double> passing;  ///< [nwave] of light that is bluer than the line where it is absorbed
  };
  const std::vector<Line>& lines() const { return lines_; }
  IgmModel model() const { return model_; }

 private:
  IgmModel model_;
  std::vector<double> wave_;
  std::vector<Line> lines_;
};

}  // namespace zspex::kernels
