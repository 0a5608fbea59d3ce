/// \file
/// What all fits share: templates, pixels, and the tables that are made of them once.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/redshift/detail/archetype_fit.hpp"
#include "kernels/redshift/detail/spectra.hpp"
#include "kernels/redshift/fitter.hpp"
#include "kernels/redshift/igm.hpp"
#include "kernels/redshift/rebin.hpp"

namespace zspex::kernels::detail {

class FitSetup {
 public:
  FitSetup(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
           const std::vector<Archetypes>& archetypes);

  const std::vector<Template>& templates() const { return templates_; }
  const FitSettings& settings() const { return settings_; }
  const std::vector<std::vector<double>>& wave() const { return wave_; }
  const PixelLayout& layout() const { return layout_; }
  /// [layout.row] pixel q of a row reaches from edges[q] to edges[q + 1], Angstrom; 0 between the bands.
  const std::vector<double>& row_edges() const { return row_edges_; }
  const Rebinner& rebinner(int itemplate) const { return rebinners_[itemplate]; }
  const Transmission& transmission(int itemplate) const { return transmissions_[itemplate]; }  ///< on a row's pixels
  /// [nbasis] sums of the vectors' samples around [OII]; empty for templates without penalty.
  const std::vector<double>& oii(int itemplate) const { return oii_[itemplate]; }
  /// Values of a template at nz redshifts, [nz][nbasis][layout.row].
  std::size_t slice_size(int itemplate, int nz) const {
    return static_cast<std::size_t>(nz) * templates_[itemplate].nbasis() * layout_.row;
  }
  /// Whether a template covers all bands at redshifts from zmin to zmax.
  bool covers(int itemplate, double zmin, double zmax) const;
  /// The penalty for negative [OII] emission.
  double penalty(int itemplate, const double* coeff) const;

  /// Archetypes of the template's type, if there are any, take the place of its basis vectors in a fit.
  void fit_archetypes(const Spectra<Host>& spectra, std::size_t itarget, Zfit& fit) const;
  /// The model of a fit at its redshift, R x T c: [nband][nwave], zeros where the target has no spectrum.
  std::vector<std::vector<float>> model(const Spectra<Host>& spectra, std::size_t itarget, const Zfit& fit) const;

 private:
  const ArchetypeFitter* archetypes_of(int itemplate) const;
  /// Whether the archetypes reject a fit, as Redrock: a best one of zero does where all types have archetypes.
  bool is_negative(const Zfit& fit) const;
  /// The model of a fit on all pixels before it is convolved, [layout.row].
  std::vector<double> intrinsic_model(const Zfit& fit) const;

  std::vector<std::vector<double>> wave_, edges_;
  std::vector<Template> templates_;
  FitSettings settings_;
  PixelLayout layout_;
  std::vector<double> row_edges_;
  std::vector<Rebinner> rebinners_;
  std::vector<Transmission> transmissions_;
  std::vector<std::vector<double>> oii_;
  std::vector<ArchetypeFitter> archetypes_;
};

}  // namespace zspex::kernels::detail
