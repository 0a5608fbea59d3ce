/// \file
/// Invented instruments: asymmetric PSFs with slopes in every parameter, so that swapped axes, transposed matrices and
/// forgotten coefficients show.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "kernels/extract/extract.hpp"
#include "tests/kernels/support/random.hpp"

namespace zspex::test {

/// The same series for all fibers.
Legendre series(int nspec, double wavemin, double wavemax, std::initializer_list<double> coeff);

/// What an invented camera looks like. Sizes are all different, so that swapped extents show.
struct Camera {
  int nspec = 10;
  int nx = 107, ny = 211;
  int hsizex = 5, hsizey = 4, ghdegx = 3, ghdegy = 2;
  double wavemin = 6000, dwave = 0.8;
  int nwave = 97;             ///< bins from wavemin on
  double rows_per_bin = 1.5;  ///< in the middle; varies by 6 % along the spectrum
  double x0 = 14.3, spacing = 7.3;
  double y0 = 31.2;   ///< row of fiber 0 at wavemin
  double tilt = 0.7;  ///< rows between neighboring fibers at one wavelength
};

/// A Gauss-Hermite PSF of a camera: traces of degree 3, curved and tilted; parameters of degree 2 that vary with fiber
/// and wavelength; three different wavelength ranges, as in DESI's files.
Psf invent_psf(const Camera& camera);

/// Settings for all fibers and bins of a camera, in one bundle of one sub-bundle, with small patches.
kernels::ExtractSettings settings_for(const Camera& camera);
/// In several bundles of several sub-bundles, with patches of a size and a padding of their own.
kernels::ExtractSettings settings_for(const Camera& camera, int bundlesize, int nsubbundles, kernels::SolverKind solver,
                                      kernels::DecorrelationKind decorrelation);

/// "PatchSignal": the solver and the decorrelation that a test is run with.
std::string solver_name(const std::pair<kernels::SolverKind, kernels::DecorrelationKind>& kind);

/// Pixels that an Image points to.
struct Pixels {
  int nx = 0, ny = 0;
  std::vector<float> image, ivar;
  std::vector<std::uint32_t> mask;
  Pixels(int nx, int ny, float value = 0, float weight = 1);
  std::size_t at(int y, int x) const { return static_cast<std::size_t>(y) * nx + x; }
  kernels::Image view() const { return {nx, ny, image.data(), ivar.data(), mask.data(), 767}; }
};

/// Spectra with continua of different slope, lines as narrow as a bin, and a dark fiber: electrons per bin,
/// [nspec][nwave].
Array2<double> invent_spectra(int nspec, int nwave, double level, Random& random);

/// The image of `photons`, without noise, and an inverse variance that varies by an order of magnitude from pixel to
/// pixel and along the spectra, so that R differs from its transpose. `scale` multiplies the inverse variance only.
Pixels expose(const Psf& psf, const std::vector<double>& wave, const Array2<double>& photons, Random& random,
              double scale = 1);

/// Adds noise of variance 1 / ivar to the pixels with ivar > 0.
void add_noise(Pixels& pixels, Random& random);

}  // namespace zspex::test
