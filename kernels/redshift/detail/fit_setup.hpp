/// \file
/// What all fits share: templates, pixels, and the tables that are made of them once.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/redshift/detail/archetypes.hpp"
#include "kernels/redshift/detail/spectra.hpp"
#include "kernels/redshift/fit_settings.hpp"

namespace zspex::kernels::detail {

class FitSetup {
 public:
  FitSetup(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
           const std::vector<Archetypes>& archetypes);
  FitSetup(const FitSetup&) = delete;  // fitters of archetypes point at its pixels

  const std::vector<Template>& templates() const { return templates_; }
  const FitSettings& settings() const { return settings_; }
  const Pixels& pixels() const { return pixels_; }
  const std::vector<std::vector<double>>& wave() const { return pixels_.wave; }
  const PixelLayout& layout() const { return pixels_.layout; }
  const RebinTable& table(int itemplate) const { return tables_[itemplate]; }
  const Transmission& transmission(int itemplate) const { return transmissions_[itemplate]; }  ///< on a row's pixels
  /// [nbasis] sums of the vectors' samples around [OII]; empty for templates without penalty.
  const std::vector<double>& oii(int itemplate) const { return oii_[itemplate]; }
  /// Values of a template at nz redshifts, [nz][nbasis][layout.row].
  std::size_t slice_size(int itemplate, int nz) const {
    return static_cast<std::size_t>(nz) * templates_[itemplate].nbasis() * layout().row;
  }
  /// Whether a template covers all bands at redshifts from zmin to zmax.
  bool covers(int itemplate, double zmin, double zmax) const {
    return pixels_.are_covered(tables_[itemplate], zmin, zmax);
  }
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

  Pixels pixels_;
  std::vector<Template> templates_;
  FitSettings settings_;
  std::vector<RebinTable> tables_;
  std::vector<Transmission> transmissions_;
  std::vector<std::vector<double>> oii_;
  std::vector<ArchetypeFitter> archetypes_;
};

}  // namespace zspex::kernels::detail
