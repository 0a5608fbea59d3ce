/// \file
/// From the spectra of a file to what is fitted: bad pixels, the coadd of a target's exposures, sky lines.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

struct PixelSettings {
  double negflux_nsig = 5;  ///< pixels more than this below zero are masked
  double cosmics_nsig = 0;  ///< rejection in coadds of several exposures; 0 = none
  double max_snr = 1e6;     ///< pixels with |flux| sqrt(ivar) above it are masked; 0 = none
  bool skymask = true;      ///< mask 5572-5582 and 9792-9795 Angstrom
};

/// One exposure's spectrum of one band, as it is in a file.
struct RawSpectrum {
  std::span<const double> wave;         ///< [nwave]
  std::span<const float> flux, ivar;    ///< [nwave]; may be NaN
  std::span<const std::uint32_t> mask;  ///< [nwave]; empty = none
  std::span<const float> resolution;    ///< [ndiag][nwave]
  int ndiag = 0;
};

/// Masks pixels of one exposure: NaN or infinite values, ivar <= 0, flux further below zero than negflux_nsig or
/// further from it than max_snr, any mask bit, a row of R with a value that isn't finite. Sky lines come later, so that
/// their neighbors stay.
TargetSpectrum mask_pixels(const RawSpectrum& raw, int band, const PixelSettings& settings);

/// The weighted mean of a target's exposures of one band, R weighted by the ivar of its columns; pixels whose row of R sums
/// to less than 0.99 are masked, which takes the neighbors of masked pixels and the ends of the band. Also for a single
/// exposure. Cosmic rays are looked for in two exposures or more.
/// \param exposures  at least one; of one length and number of diagonals
TargetSpectrum coadd_exposures(std::span<const TargetSpectrum> exposures, std::span<const double> wave,
                               const PixelSettings& settings);

/// ivar = 0 where a row of R sums to less than 0.99: coadd_exposures() does it to the coadd.
void mask_open_rows(TargetSpectrum& spectrum);

/// ivar = 0 in the bright sky lines.
void mask_sky(TargetSpectrum& spectrum, std::span<const double> wave);

}  // namespace zspex::kernels
