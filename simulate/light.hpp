/// \file
/// Bins of light, and how lines and continua are put into them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "config/extract_config.hpp"

namespace zspex::simulate {

/// Equal bins in wavelength that hold the light. They are the extraction's bins, some more on both sides, each cut into
/// `oversample` parts.
struct LightBins {
  std::vector<double> wave;       ///< [nbin] centers, vacuum Angstrom
  double width = 0;               ///< of one bin, Angstrom
  int oversample = 1;             ///< bins of light in a bin of the extraction
  int nwave = 0;                  ///< bins of the extraction
  int pad_low = 0, pad_high = 0;  ///< bins of the extraction's size below and above its range

  std::size_t size() const { return wave.size(); }
};

/// \param wave  the extraction's grid, equally spaced
LightBins make_light_bins(std::span<const double> wave, double dwave, int pad_low, int pad_high, int oversample);

/// Mean over each bin of the extraction, of a density (per Angstrom) in the bins of light. The padding is left out.
/// \return [nwave]
std::vector<double> on_extraction_grid(const LightBins& bins, std::span<const double> density);

/// Adds a Gaussian line, integrated over each bin, so that no light is lost to sampling.
/// \param sigma     Angstrom, > 0; may be much smaller than a bin
/// \param strength  the line's integral, density times Angstrom
void add_line(const LightBins& bins, double wave, double sigma, double strength, std::span<double> density);

/// A smooth curve through points: straight between them, constant outside.
struct Curve {
  std::span<const double> wave, value;
  double operator()(double at) const;
};

/// Vacuum wavelength of an air wavelength, Angstrom. Source: Morton 2000, ApJS 130, 403, eq. 8 with the index evaluated
/// at the air wavelength; good to 1e-3 Angstrom, far below a bin.
double vacuum_from_air(double wave_air);

}  // namespace zspex::simulate
