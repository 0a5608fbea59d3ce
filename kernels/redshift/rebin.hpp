/// \file
/// Templates onto the pixels of the spectra: the mean of the redshifted template over each pixel, exactly.
#pragma once

#include <cstddef>
#include <cstdint>
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
  /// Bins that are done together; a longer row is cut into such pieces.
  static constexpr std::size_t piece_bins = 255;

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
  /// Where an edge lies between two samples: integral(edge) = integral(sample) + reach * value + slope * (next - value).
  struct Place {
    std::int64_t sample;
    double reach, slope;
  };
  static constexpr int lanes = 4;  ///< basis vectors are padded to a multiple of this
  struct alignas(64) CacheLine {
    double values[8];
  };

  const double* sample(std::size_t j) const {
    return samples_.data()->values + j * 2 * static_cast<std::size_t>(padded_);
  }
  /// The last sample at or below x, but at most the last but one.
  std::size_t sample_below(double x) const;
  /// Places of the edges x, growing and in the rest frame.
  void find_places(std::span<const double> x, Place* places) const;
  /// Means of `nlane` basis vectors from `first` on in the bins between the edges at `places`.
  template <int nlane, class Real>
  void average(std::span<const Place> places, const double* inverse_width, int first, Real* out,
               std::size_t stride) const;

  int nbasis_ = 0, padded_ = 0;
  std::vector<double> wave_;
  bool even_ = false;                 ///< samples are equally far apart
  std::vector<std::uint32_t> guide_;  ///< the last sample at or below wave[0] + i / guides_per_angstrom
  double guides_per_angstrom_ = 0;    ///< on the mean one guide a sample
  std::vector<CacheLine> samples_;    ///< [nsample][2][padded] integrals up to the sample, and values
};

}  // namespace zspex::kernels
