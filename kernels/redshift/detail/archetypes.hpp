/// \file
/// Fits of archetypes at a known redshift.
#pragma once

#include <span>
#include <vector>

#include "kernels/redshift/detail/pixels.hpp"
#include "kernels/redshift/detail/spectra.hpp"
#include "kernels/redshift/fit_settings.hpp"

namespace zspex::kernels::detail {

class ArchetypeFitter {
 public:
  /// \param pixels  must stay
  /// \throws NumericsError for more unknowns than the solver takes, or fewer archetypes than are to be fitted together
  ArchetypeFitter(Archetypes archetypes, const Pixels& pixels, const ArchetypeSettings& settings);

  const Archetypes& archetypes() const { return archetypes_; }
  bool covers(double zmin, double zmax) const { return pixels_->are_covered(tables_.front(), zmin, zmax); }

  /// Puts the best archetypes at the redshift of `fit` in the place of its basis vectors: chi^2, coefficients, method,
  /// subtype. What they replace is kept in pca_coeff, pca_spectype and pca_subtype.
  /// \param medium  for the template, on the pixels of a row
  void refit(const Spectra<Host>& spectra, std::size_t itarget, const Transmission& medium, Zfit& fit) const;

  /// The model of a fit before it is convolved, [layout.row].
  std::vector<double> model(const Zfit& fit, const Transmission& medium) const;

 private:
  /// One weighted column of the fit, zero outside of [first, last).
  struct Column {
    std::size_t first = 0, last = 0;
    std::vector<double> values;  ///< [all pixels of all spectra of the target]
  };
  struct Solution {
    double chi2 = no_chi2;
    std::vector<double> coeff;
  };

  /// Archetypes [group * group_size, ...) at z on all pixels, in the light that passes the intergalactic medium:
  /// [narchetype of the group][layout.row].
  std::vector<double> rebin(std::size_t group, double z, const Transmission& medium) const;
  /// Legendre polynomials 0 to degree - 1 on the pixels of one band, [degree][nwave].
  Array2<double> legendre(std::size_t band) const;
  /// sqrt(ivar) R row of the target's spectra in `band`, or in all for -1.
  Column convolve(const Spectra<Host>& spectra, const TargetSpectra& target, const double* row, int band) const;
  std::vector<Column> legendre_columns(const Spectra<Host>& spectra, const TargetSpectra& target) const;
  /// The first columns, archetypes, take coefficients >= 0; the rest are polynomials.
  Solution solve(const Spectra<Host>& spectra, const TargetSpectra& target, const std::vector<const Column*>& columns,
                 int narchetype) const;

  static constexpr std::size_t group_size = 8;
  Archetypes archetypes_;
  const Pixels* pixels_;
  ArchetypeSettings settings_;
  std::vector<RebinTable> tables_;  ///< [ngroup]
};

}  // namespace zspex::kernels::detail
