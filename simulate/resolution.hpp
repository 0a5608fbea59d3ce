/// \file
/// What an extraction makes of a fiber's light: spectra on bins, smoothed by the instrument.
#pragma once

#include <span>
#include <vector>

#include "core/array.hpp"
#include "io/psf.hpp"

namespace zspex::simulate {

/// A fiber's spots along its spectrum.
struct SpotSizes {
  std::vector<double> sigma;  ///< [nwave] along the wavelengths, bins
  std::vector<double>
      npix;  ///< [nwave] pixels whose read noise a bin gets: rows times 2 sqrt(pi) sigma columns, which is
             ///< the number of pixels of a Gaussian profile, 1 / sum of profile^2
};

/// \param wave  bin centers, dwave apart, Angstrom
SpotSizes spot_sizes(const io::PsfFile& psf, int ispec, std::span<const double> wave, double dwave);

/// A resolution matrix R: Gaussians of the spots' widths, whose rows sum to 1. Bins beyond both ends count: the light
/// does not end where the spectrum does.
class Resolution {
 public:
  /// \param half  diagonals on each side of the main one
  Resolution(const SpotSizes& spots, int half);

  /// sum_j R[i][j] density[j]
  /// \param density  [nwave + 2 pad] with pad >= half bins before the first one of the spectrum
  /// \return [nwave]
  std::vector<double> smooth(std::span<const double> density, int pad) const;

  /// \param diagonals  [ndiag][nwave] overwritten, in DESI's order: [k][j] = R[j - half + k][j], 0 where that row is
  ///                   not in
  /// the spectrum
  void store(std::span<float> diagonals) const;

 private:
  int half_;
  Array2<double> rows_;  // [nwave][2 half + 1]: R[i][i - half + d]
};

}  // namespace zspex::simulate
