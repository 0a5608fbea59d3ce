/// \file
/// Templates onto the pixels of the spectra: the mean of the redshifted template over each pixel, exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/array.hpp"
#include "kernels/base/aligned_vector.hpp"

namespace zspex::kernels {

/// Edges between bins whose centers are given: [n + 1], midpoints, the outermost as far out as the next is in.
std::vector<double> bin_edges(std::span<const double> centers);

/// A set of spectra on one rest-frame grid, ready to be rebinned at any redshift. Its integral from the first sample on
/// is kept at each sample, so that a bin costs two look-ups however fine the template is.
class RebinTable {
 public:
  /// \param wave   [nsample] rest frame, increasing, at least two samples
  /// \param basis  [nbasis][nsample]
  RebinTable(std::span<const double> wave, const Array2<double>& basis);

  int nbasis() const { return nbasis_; }

  /// What kernels read; see detail/rebin.hpp.
  const std::vector<double>& wave() const { return wave_; }
  const AlignedVector<double>& samples() const { return samples_; }
  const std::vector<std::uint32_t>& guide() const { return guide_; }
  double guides_per_angstrom() const { return guides_per_angstrom_; }
  bool even() const { return even_; }

  /// Whether the template, redshifted by any of [zmin, zmax], covers the bins.
  bool covers(std::span<const double> edges, double zmin, double zmax) const;

 private:
  int nbasis_ = 0;
  std::vector<double> wave_;
  bool even_ = false;                 ///< samples are equally far apart
  std::vector<std::uint32_t> guide_;  ///< unless even, the last sample at or below wave[0] + i / guides_per_angstrom
  double guides_per_angstrom_ = 0;    ///< on the mean one guide per sample
  AlignedVector<double> samples_;     ///< [nsample][record_size(nbasis)], see detail/rebin.hpp
};

}  // namespace zspex::kernels
