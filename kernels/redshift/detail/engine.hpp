/// \file
/// What is known of templates and pixels, and the fits made with it, one or two targets at a time.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/redshift/detail/archetype_fit.hpp"
#include "kernels/redshift/detail/fit.hpp"
#include "kernels/redshift/fit_site.hpp"
#include "kernels/redshift/fitter.hpp"
#include "kernels/redshift/igm.hpp"
#include "kernels/redshift/rebin.hpp"

namespace zspex::kernels::detail {

class Engine {
 public:
  Engine(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
         const std::vector<Archetypes>& archetypes);

  const PixelLayout& layout() const { return layout_; }
  const std::vector<std::vector<double>>& wave() const { return wave_; }
  const std::vector<std::vector<double>>& edges() const { return edges_; }
  const Rebinner& rebinner(std::size_t itemplate) const { return rebinners_[itemplate]; }
  const std::vector<Transmission>& transmission(std::size_t itemplate) const { return transmission_[itemplate]; }
  const std::vector<double>& oii(std::size_t itemplate) const { return oii_[itemplate]; }
  const std::vector<Template>& templates() const { return templates_; }
  const FitSettings& settings() const { return settings_; }
  bool mixed() const { return settings_.mixed; }
  std::size_t real_bytes() const { return settings_.mixed ? sizeof(float) : sizeof(double); }
  /// Values of nz redshifts of a template: [nz][nbasis][layout.row].
  std::size_t slice_size(int itemplate, int nz) const {
    return static_cast<std::size_t>(nz) * templates_[itemplate].nbasis() * layout_.row;
  }

  /// A template at some redshifts on all pixels, in the light that passes the intergalactic medium.
  ///   out  [nz][nbasis][layout.row]; padding is left as it is
  template <class Real>
  void rebin(int itemplate, std::span<const double> redshifts, Real* out) const;
  /// Its two steps, for threads: one piece of the pixels at all redshifts, where neighbours in redshift use the same
  /// samples of the template; and then the absorption at one redshift.
  template <class Real>
  void rebin_piece(int itemplate, std::span<const double> redshifts, int piece, Real* out) const;
  template <class Real>
  void absorb(int itemplate, double z, Real* out) const;
  int npiece() const { return static_cast<int>(pieces_.size()); }
  bool covers(int itemplate, double zmin, double zmax) const;

  /// Some targets of one shape, and their numbers among all.
  template <int NT>
  struct Group {
    std::array<const PackedTarget*, NT> targets;
    std::array<std::size_t, NT> indices;
  };
  /// Targets that are scanned while a block of the slice stays in cache, in groups of most_beside, of two and of one.
  template <class Real>
  struct Crowd {
    std::vector<Group<most_beside<Real>>> many;
    std::vector<Group<2>> twos;
    std::vector<Group<1>> ones;
  };
  /// Columns [first, first + nz) of the targets' rows.
  template <class Real>
  void scan(const Crowd<Real>& crowd, int itemplate, int first, int nz, const Real* slice, const ScanRows& rows) const;

  /// sqrt(ivar) R x basis vectors of one target: [nz][nbasis][column_size(target)].
  template <class Real>
  void convolve(const PackedTarget& target, int itemplate, int nz, const Real* slice, Real* columns) const;
  /// Its fits, from these.
  template <class Real>
  void fit_columns(const PackedTarget& target, std::size_t index, int itemplate, int first, int nz, const Real* slice,
                   const Real* columns, const ScanRows& rows) const;

  /// What fits of a group need beside their results, to be used again and again by one thread.
  struct GroupRoom {
    std::vector<double> slice;
    std::vector<LaneSum> sums;
    std::vector<FitRoom<double, 1>> ones;
    std::vector<FitRoom<double, 2>> twos;
  };
  void fit_group(int itemplate, std::span<const PackedTarget> targets, FitGroup& group, GroupRoom& room) const;

  /// The penalty for negative [OII] emission: minus the sum of the model over 3724 to 3733 Angstrom, rest frame, where
  /// that is positive.
  double penalty(int itemplate, const double* coeff) const;

  /// Archetypes of the template's type, if there are any, take the place of its basis vectors in a fit.
  void fit_archetypes(const PackedTarget& target, Zfit& fit) const;

  std::vector<std::vector<float>> model(const PackedTarget& target, const Zfit& fit) const;

 private:
  const ArchetypeFitter* archetypes_of(int itemplate) const;
  /// Whether the archetypes reject a fit, as Redrock: a best one of zero does where all types have archetypes.
  bool is_negative(const Zfit& fit) const;
  /// The fits of one target to a slice, from its sums, into its row.
  template <class Real>
  void store_fits(const PackedTarget& target, std::size_t index, const LaneSum* sums, int itemplate, int first, int nz,
                  const Real* slice, const ScanRows& rows) const;

  /// The model of a fit on all pixels before it is convolved, [layout.row].
  std::vector<double> intrinsic_model(const Zfit& fit) const;

  /// Bins [first, first + n) of a band.
  struct Piece {
    std::size_t band, first, n;
  };

  std::vector<std::vector<double>> wave_, edges_;
  std::vector<Piece> pieces_;
  std::vector<Template> templates_;
  int most_basis_ = 1;  ///< vectors of a template
  FitSettings settings_;
  PixelLayout layout_;
  std::vector<Block> blocks_;
  std::vector<Rebinner> rebinners_;                      ///< [ntemplate]
  std::vector<std::vector<Transmission>> transmission_;  ///< [ntemplate][nband]
  std::vector<std::vector<double>> oii_;                 ///< [ntemplate][nbasis], empty without penalty
  std::vector<ArchetypeFitter> archetypes_;
};

}  // namespace zspex::kernels::detail
