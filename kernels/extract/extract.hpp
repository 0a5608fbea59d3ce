/// \file
/// Spectroperfectionism for one unit of work: some fibers of one bundle, over the whole wavelength range. No MPI, no
/// files. Source: Bolton & Schlegel 2010, PASP 122, 248. This header needs no Kokkos, so that callers compile fast.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "kernels/base/session.hpp"

namespace zspex::kernels {

/// Legendre series in wavelength: u = (wave - wavemin) * (2 / (wavemax - wavemin)) - 1, value = sum_k coeff[ispec][k]
/// P_k(u).
struct Legendre {
  double wavemin = 0, wavemax = 0;  ///< Angstrom
  int ncoeff = 0;
  std::vector<double> coeff;  ///< [nspec][ncoeff]
};

/// A fiber that has no data in some range, because its trace can't be used there.
struct TraceFault {
  int ispec = 0;
  double wavemin = 0, wavemax = 0;  ///< Angstrom, both ends included; 0 to infinity: everywhere
  bool dark = true;  ///< its spots are taken to hold no light; else they are fitted, for its neighbors' sake
  std::string why;   ///< in words; empty where another fault of the same fiber tells

  bool holds(double wave) const { return wave >= wavemin && wave <= wavemax; }
  bool everywhere() const { return dark && wavemin <= 0 && wavemax > 1e300; }
};

/// The wider second core of a PSF of type GAUSS-HERMITE2.
struct SecondCore {
  int ghdegx = 0, ghdegy = 0;
  Legendre sigmax, sigmay;
  Legendre nsig;             ///< the first core ends at this many of its sigmas
  std::vector<Legendre> gh;  ///< element i * (ghdegy + 1) + j, i along x
};

/// A Gauss-Hermite PSF as plain numbers; see io::GaussHermitePsf for the file.
struct Psf {
  int nspec = 0, npix_x = 0, npix_y = 0, hsizex = 0, hsizey = 0, ghdegx = 0, ghdegy = 0;
  Legendre x, y, sigmax, sigmay;
  std::vector<Legendre> gh;               ///< element i * (ghdegy + 1) + j, i along x
  std::vector<Legendre> tail;             ///< amplitude, core, x scale, y scale, index; empty = no tails
  std::optional<SecondCore> second = {};  ///< type GAUSS-HERMITE2
  std::vector<TraceFault> faults = {};    ///< by fiber; what trace_faults.hpp finds, too

  /// Pixels of a spot along each axis; R has as many diagonals as a spot has rows.
  int nspotx() const { return 2 * hsizex + 1; }
  int nspoty() const { return 2 * hsizey + 1; }
  /// Whether a fiber has no light at all.
  bool is_dark(int ispec) const;
};

/// The CCD image, held by the caller (one copy per node). Row-major, wavelength grows with row y.
struct Image {
  int nx = 0, ny = 0;
  const float* image = nullptr;         ///< [ny][nx] electrons; not finite = masked
  const float* ivar = nullptr;          ///< [ny][nx] electrons^-2; <= 0 or not finite = masked
  const std::uint32_t* mask = nullptr;  ///< [ny][nx]; a pixel with mask & unusable is masked
  std::uint32_t unusable = 767;
};

enum class SolverKind { patch, bundle };
enum class ModelKind { none, reconvolved, deconvolved };  ///< no image, A (R f), A f
enum class DecorrelationKind { signal, noise };

/// How to extract. The caller has checked that fibers and bundles fit each other and the PSF.
struct ExtractSettings {
  std::vector<double> wave;  ///< [nwave] Angstrom, equally spaced
  double dwave = 0.8;        ///< step, Angstrom
  int specmin = 0, nspec = 25;
  SolverKind solver = SolverKind::patch;
  DecorrelationKind decorrelation = DecorrelationKind::signal;
  int bundlesize = 25, nsubbundles = 5, nwavestep = 50;
  int wavepad = 12;  ///< bins on each side, wavepad_frac included
  double pixpad_frac = 0.8, regularize = 0, psferr = 0.01;
  ModelKind model = ModelKind::none;
  int batch = 0;  ///< patches per launch; 0 = by device
};

/// A unit of work: fibers [ispec, ispec + nspec), all of one bundle and whole sub-bundles.
struct ExtractUnit {
  int ispec = 0, nspec = 0;
};

/// Wavelength grid of numpy.arange(wmin, wmax + dw / 2, dw), the same bits.
std::vector<double> wave_grid(double wavemin, double wavemax, double dwave);

/// The units that the fibers of `settings` are cut into. `fine`: single sub-bundles (patch solver only), for many
/// ranks. The results of a fiber do not depend on how the units are cut.
std::vector<ExtractUnit> plan_units(const ExtractSettings& settings, bool fine);

/// Spectra of one unit, in double and per bin.
struct ExtractedUnit {
  ExtractUnit unit;
  Array2<double> flux;              ///< [nspec][nwave] electrons per bin, re-convolved: R f
  Array2<double> ivar;              ///< [nspec][nwave] (electrons per bin)^-2; 0 = no information
  Array3<double> resolution;        ///< [nspec][2 hsizey + 1][nwave], DESI's order (columns of R)
  Array2<double> chi2pix;           ///< [nspec][nwave]; 0 where no pixel is used
  Array2<double> pixmask_fraction;  ///< [nspec][nwave] part of the spot on masked pixels; exactly 1 = all
  Array2<std::uint8_t> failed;      ///< [nspec][nwave] 1 = the solver failed here, also after the retry
  Array2<std::uint8_t> untraced;    ///< [nspec][nwave] 1 = a fault of the trace (Psf::faults): no data
  /// Model image, electrons, of the columns [model_x, model_x + extent(1)); empty unless asked for.
  Array2<float> model;
  int model_x = 0;
  int npatch = 0, nretried = 0, nfailed = 0;  ///< solver statistics
};

/// Extracts units of images. Keeps its memory, and what it planned for a unit, from one to the next. Not thread-safe.
class Extractor {
 public:
  virtual ~Extractor() = default;

  /// \pre no unit is in work
  ExtractedUnit extract(const Image& image, const ExtractUnit& unit);

  /// The same in two steps, so that a device computes one unit while the host prepares the next and finishes the last.
  /// This many units may be in work at once:
  virtual int depth() const = 0;
  /// \param image  must stay until the unit is finished
  virtual void start(const Image& image, const ExtractUnit& unit) = 0;
  /// The unit that was started first.
  virtual ExtractedUnit finish() = 0;

  /// Bytes that are held on the host and on the device while all units are extracted.
  struct Memory {
    std::size_t host = 0, device = 0;
  };
  virtual Memory memory(bool fine) const = 0;

 protected:
  Extractor() = default;
  Extractor(const Extractor&) = default;
  Extractor& operator=(const Extractor&) = default;
};

/// \param place  where it computes; a rank that started Kokkos on the host alone has no device
/// \throws NumericsError when wavepad is less than the PSF's hsizey
std::unique_ptr<Extractor> make_extractor(const Psf& psf, const ExtractSettings& settings, Place place = Place::device);

/// Adds the light of spectra to an image: image(y, x) += sum_{s,w} photons[s][w] spot_{s,w}(y, x). For simulation,
/// on the host.
/// \param photons [nspec][nwave] electrons per bin, fibers specmin ... of the PSF
/// \param image   [ny][nx] electrons
void project_spectra(const Psf& psf, const std::vector<double>& wave, int specmin, const Array2<double>& photons,
                     Array2<double>& image);

}  // namespace zspex::kernels
