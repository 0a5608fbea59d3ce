/// \file
/// Which minima of one target's scan in one template are refined, in which order, and what a fine scan makes of one:
/// Redrock's rules, without the fits. `adaptive` is ours.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "kernels/redshift/fit_settings.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels::detail {

/// Where a finer scan looks for a minimum: around z, from `first` to `last`.
struct MinimumBracket {
  double z, first, last;
  double chi2;  ///< at z
};

/// n redshifts from `first` to `last`, both exact.
std::vector<double> even_grid(double first, double last, int n);

/// The redshifts of a closer look at a bracket, before it is known which ones are refined: in steps of a third of the
/// scan's.
std::vector<double> closer_grid(const MinimumBracket& bracket);
/// The bracket around the least of them.
/// \param chi2  [n] with penalty
MinimumBracket closer_bracket(const MinimumBracket& bracket, std::span<const double> redshifts,
                              std::span<const double> chi2);

/// The refinement of one target's minima in one template, step by step; the caller makes the fits in between, those of
/// many targets at once.
///
///     while (auto bracket = minima.next()) {
///       Zfit fit = minima.fit_of(zz, zzchi2);         // zz = even_grid(bracket->first, bracket->last, npoints)
///       ... coefficients and direct chi^2 at fit.z ...
///       if (!minima.is_known(fit)) minima.accept(std::move(fit));
///     }
class MinimumSearch {
 public:
  /// \param chi2  [nz] with penalty and prior
  MinimumSearch(const Template& tmpl, const FitSettings& settings, std::span<const double> chi2);

  /// The minima and their neighbors, the lowest first. Adaptive: those that are looked at more closely.
  std::vector<MinimumBracket>& brackets() { return brackets_; }
  /// After `brackets` have been changed: the lowest first.
  void sort_brackets();

  /// The next one that isn't near a minimum that was accepted; none when enough are accepted, or no one is left.
  std::optional<MinimumBracket> next();
  /// From its fine scan: redshift, its error, chi^2 and the flags that follow from these.
  Zfit fit_of(std::vector<double> zz, std::vector<double> zzchi2) const;
  /// Whether its redshift is near one that was accepted, so that it's not a minimum of its own.
  bool is_known(const Zfit& fit) const;
  void accept(Zfit fit) { fits_.push_back(std::move(fit)); }

  /// All that were accepted, the least chi^2 first.
  std::vector<Zfit> take();

 private:
  bool is_near_accepted(double z) const;

  const Template* tmpl_;
  const FitSettings* settings_;
  std::vector<MinimumBracket> brackets_;
  std::size_t next_ = 0;
  std::vector<Zfit> fits_;
};

}  // namespace zspex::kernels::detail
