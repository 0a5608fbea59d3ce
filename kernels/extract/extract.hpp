/// \file
/// Spectroperfectionism for one block: some fibers of one bundle, over the whole wavelength range. No MPI, no files.
/// This header needs no Kokkos, so that callers compile fast.
/// Source: Bolton & Schlegel 2010, PASP 122, 248; patches, padding and prior as in gpu_specter 0.3, which DESI's
/// pipeline runs (Guy et al. 2023, AJ 165, 144).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "core/mask_bits.hpp"
#include "core/psf.hpp"
#include "kernels/base/session.hpp"

namespace zspex::kernels {

/// The CCD image, held by the caller (one copy per node). Row-major, wavelength grows with row y.
struct Image {
  int nx = 0, ny = 0;
  const float* image = nullptr;                ///< [ny][nx] electrons; not finite = masked
  const float* ivar = nullptr;                 ///< [ny][nx] electrons^-2; <= 0 or not finite = masked
  const std::uint32_t* mask = nullptr;         ///< [ny][nx]; a pixel with mask & unusable is masked
  std::uint32_t unusable = ccdmask::unusable;  ///< bits of ccdmask that count: desispec's, all but BADREADNOISE
};

/// Fibers and wavelengths in patches with padding, as gpu_specter cuts them; or a whole bundle as one banded system.
enum class SolverKind { patch, bundle };
enum class ModelKind { none, reconvolved, deconvolved };  ///< no image, A (R f), A f
/// Which matrix R comes from: each fiber's covariance (Bolton & Schlegel 2010, eq. 17-19), or the inverse covariance of
/// all fibers of a patch (eq. 10-13), with cross-talk between fibers.
enum class DecorrelationKind { signal, noise };

/// How to extract. The caller has checked that fibers and bundles fit each other and the PSF.
struct ExtractSettings {
  std::vector<double> wave;     ///< [nwave] Angstrom, equally spaced
  double dwave = 0.8;           ///< step, Angstrom
  int specmin = 0, nspec = 25;  ///< fibers [specmin, specmin + nspec) of the PSF
  SolverKind solver = SolverKind::patch;
  DecorrelationKind decorrelation = DecorrelationKind::signal;
  int bundlesize = 25;       ///< fibers of a bundle; light of other bundles is ignored
  int nsubbundles = 5;       ///< parts of a bundle that are solved one by one
  int nwavestep = 50;        ///< bins kept of a patch
  int wavepad = 12;          ///< bins on each side, wavepad_frac included
  double pixpad_frac = 0.8;  ///< part of the padding bins' rows that belongs to a patch's pixels
  double regularize = 0;     ///< alpha of the prior f = 0 of weight alpha^2, (electrons per bin)^-2
  double psferr = 0.01;      ///< error of the PSF in chi2pix, as a part of the model
  ModelKind model = ModelKind::none;
  int batch = 0;  ///< patches per launch; 0 = by device
};

/// A block of fibers: [ispec, ispec + nspec), all of one bundle and whole sub-bundles.
struct FiberBlock {
  int ispec = 0, nspec = 0;
};

/// Wavelength grid of numpy.arange(wavemin, wavemax + dwave / 2, dwave), Angstrom, the same bits.
std::vector<double> wave_grid(double wavemin, double wavemax, double dwave);

/// The blocks that the fibers of `settings` are cut into. `fine`: single sub-bundles (patch solver only), for many
/// ranks. The results of a fiber do not depend on how the blocks are cut.
std::vector<FiberBlock> plan_blocks(const ExtractSettings& settings, bool fine);

/// Spectra of one block, in double and per bin.
struct ExtractedBlock {
  FiberBlock block;
  Array2<double> flux;        ///< [nspec][nwave] electrons per bin, re-convolved: R f
  Array2<double> ivar;        ///< [nspec][nwave] (electrons per bin)^-2; 0 = no information
  Array3<double> resolution;  ///< [nspec][ndiag][nwave] [s][k][j] = R_s[j - ndiag/2 + k][j]; ndiag = 2 hsizey + 1
  Array2<double> chi2pix;     ///< [nspec][nwave] mean (p - A f)^2 / variance over a bin's spot; 0: no pixel is used
  Array2<double> pixmask_fraction;  ///< [nspec][nwave] part of the spot on masked pixels; exactly 1 = all
  Array2<std::uint8_t> failed;      ///< [nspec][nwave] 1 = the solver failed here, also after the retry
  Array2<std::uint8_t> untraced;    ///< [nspec][nwave] 1 = a fault of the trace (Psf::faults): no data
  /// Model image, electrons, of the columns [model_x, model_x + extent(1)); empty unless asked for.
  Array2<float> model;
  int model_x = 0;
  int npatch = 0, nretried = 0, nfailed = 0;  ///< patches: all, solved again with a prior, without a solution
};

/// Extracts blocks of images. Keeps its memory, and what it planned for a block, from one to the next. Not thread-safe.
class Extractor {
 public:
  virtual ~Extractor() = default;

  /// \pre no block is in work
  /// \param image  as large as the PSF's CCD
  ExtractedBlock extract(const Image& image, const FiberBlock& block);

  /// The same in two steps, so that a device computes one block while the host prepares the next and finishes the last.
  /// This many blocks may be in work at once:
  virtual int depth() const = 0;
  /// \param image  must stay until the block is finished
  virtual void start(const Image& image, const FiberBlock& block) = 0;
  /// The block that was started first.
  virtual ExtractedBlock finish() = 0;

  /// Bytes that are held on the host and on the device while all blocks are extracted.
  struct Memory {
    std::size_t host = 0, device = 0;
  };
  /// \param fine  of the blocks of plan_blocks(settings, fine)
  virtual Memory memory(bool fine) const = 0;

 protected:
  Extractor() = default;
  Extractor(const Extractor&) = default;
  Extractor& operator=(const Extractor&) = default;
};

/// \param kind  where it computes; a rank that started Kokkos on the host alone has no device
/// \throws NumericsError when wavepad is less than the PSF's hsizey
std::unique_ptr<Extractor> make_extractor(const Psf& psf, const ExtractSettings& settings,
                                          BackendKind kind = BackendKind::device);

/// Adds the light of spectra to an image: image(y, x) += sum_{s,w} photons[s][w] spot_{s,w}(y, x). For simulation,
/// on the host.
/// \param wave     [nwave] Angstrom
/// \param photons  [nspec][nwave] electrons per bin, fibers specmin ... of the PSF
/// \param image    [ny][nx] electrons; what falls beside it is lost
void project_spectra(const Psf& psf, const std::vector<double>& wave, int specmin, const Array2<double>& photons,
                     Array2<double>& image);

}  // namespace zspex::kernels
