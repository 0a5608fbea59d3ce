/// \file
/// From the spectra of a file to what is fitted: bad pixels, the coadd of a target's exposures, sky lines.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

/// Which pixels are left out. The defaults are Redrock's, but for max_snr.
struct PixelSettings {
  double negflux_nsig = 5;  ///< pixels with flux sqrt(ivar) < -negflux_nsig are masked
  double cosmics_nsig = 0;  ///< sigma of the rejection in coadds of several exposures; 0 = none
  double max_snr = 1e6;     ///< pixels with |flux| sqrt(ivar) above it are masked; 0 = none
  bool skymask = true;      ///< mask 5572-5582 and 9792-9795 Angstrom
};

/// One exposure's spectrum of one band, as it is in a file.
struct RawSpectrum {
  std::span<const double> wave;         ///< [nwave] vacuum Angstrom, increasing
  std::span<const float> flux, ivar;    ///< [nwave] 1e-17 erg/s/cm^2/Angstrom and its ^-2; may be NaN
  std::span<const std::uint32_t> mask;  ///< [nwave] any bit masks; empty = none
  std::span<const float> resolution;    ///< [ndiag][nwave] as in TargetSpectrum
  int ndiag = 0;                        ///< odd
};

/// Masks pixels of one exposure: NaN or infinite values, ivar <= 0, flux further below zero than negflux_nsig or
/// further from it than max_snr, any mask bit, a row of R with a value that isn't finite. Sky lines come later, so that
/// their neighbors stay. Values of R that aren't finite become 0.
/// \param band  of the result
TargetSpectrum mask_pixels(const RawSpectrum& raw, int band, const PixelSettings& settings);

/// The mean of a target's exposures of one band, weighted by ivar, R by the ivar of its columns; pixels whose row of R
/// sums to less than 0.99 are masked, which takes the neighbors of masked pixels and the ends of the band; then sky
/// lines are, if the settings say so. Also for a single exposure. Cosmic rays are looked for in two exposures or more:
/// where the steps from pixel to pixel scatter about their mean with chi^2 / (n - 1) above cosmics_nsig^2, the worst
/// exposure loses the pixel. The rules are those of redrock.targets, with the mean of each pixel's own steps.
/// \param exposures  at least one; of one length and number of diagonals
TargetSpectrum coadd_exposures(std::span<const TargetSpectrum> exposures, std::span<const double> wave,
                               const PixelSettings& settings);

/// ivar = 0 where a row of R sums to less than 0.99: coadd_exposures() does it to the coadd.
void mask_open_rows(TargetSpectrum& spectrum);

/// ivar = 0 in the bright sky lines: 5572 to 5582 and 9792 to 9795 Angstrom, both ends included.
void mask_sky(TargetSpectrum& spectrum, std::span<const double> wave);

}  // namespace zspex::kernels
