/// \file
/// Templates onto the pixels of the spectra: the mean of the redshifted template over each pixel, exactly.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "config/base/array.hpp"

namespace zspex::kernels {

/// Edges between bins whose centres are given: [n + 1], midpoints, the outermost as far out as the next is in.
std::vector<double> bin_edges(std::span<const double> centres);

/// A set of spectra on one rest-frame grid, ready to be rebinned at any redshift. Its integral from the first sample on
/// is kept at each sample, so that a bin costs two look-ups however fine the template is.
class Rebinner {
 public:
  /// \param wave   [nsample] rest frame, increasing, at least two samples
  /// \param basis  [nbasis][nsample]
  Rebinner(std::span<const double> wave, const Array2<double>& basis);

  int nbasis() const { return nbasis_; }

  /// Whether the template, redshifted by any of [zmin, zmax], covers the bins.
  bool covers(std::span<const double> edges, double zmin, double zmax) const;

  /// out[b * stride + i] = 1/(e[i+1] - e[i]) * integral of basis b, at lambda (1 + z) and linear between samples, from
  /// e[i] to e[i+1]. No factor 1/(1+z): values are flux densities as seen by the observer.
  /// \param edges  [nbin + 1] Angstrom, increasing, covered by the template
  template <class Real>
  void rebin(std::span<const double> edges, double z, Real* out, std::size_t stride) const;

 private:
  /// The last sample at or below x, but at most the last but one.
  std::size_t sample_below(double x, std::size_t hint) const;

  int nbasis_ = 0;
  std::vector<double> wave_;
  std::vector<double> samples_;  ///< [nsample][nbasis][2] integral up to the sample, and its value
};

}  // namespace zspex::kernels
