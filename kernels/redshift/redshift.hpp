/// \file
/// Redshifts of spectra by template fits: what goes in and what comes out. No MPI, no files, no Kokkos in this header.
/// Method: chi^2 scans of linear combinations of basis spectra over redshift, Bolton et al. 2012, AJ 144, 144, sec. 3,
/// as Redrock does it (Bailey et al., in prep.; Guy et al. 2023, AJ 165, 144, sec. 4.9).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/array.hpp"

namespace zspex::kernels {

/// chi^2 where there is none: no data, or a singular fit.
inline constexpr double no_chi2 = 9999999.0;
inline constexpr double light_speed_km_s = 299792.458;

/// One spectrum of a target, on the wavelength grid of its band.
struct TargetSpectrum {
  int band = 0;                   ///< index into the grids that the fitter was made with
  std::vector<double> flux;       ///< [nwave] finite; 1e-17 erg/s/cm^2/Angstrom
  std::vector<double> ivar;       ///< [nwave] finite, >= 0; 0 = masked
  int ndiag = 0;                  ///< odd
  std::vector<float> resolution;  ///< [ndiag][nwave] DESI's order: element [k][j] = R[j - ndiag/2 + k][j]
};

/// All spectra that are fitted together with one redshift, in the order in which they are summed.
struct Target {
  std::int64_t targetid = 0;
  std::vector<TargetSpectrum> spectra;
};

enum class FitMethod { pca, nmf, archetype, none };
enum class IgmModel { none, calura12, kamble20, inoue14 };

/// A spectral template: a set of basis vectors, and the redshifts at which it is tried.
struct Template {
  std::string spectype, subtype;  ///< "GALAXY", "QSO", "STAR"; subtype may be empty
  FitMethod method = FitMethod::pca;
  IgmModel igm = IgmModel::none;
  std::vector<double> wave;       ///< [nsample] rest frame, vacuum Angstrom, increasing
  Array2<double> basis;           ///< [nbasis][nsample]
  std::vector<double> redshifts;  ///< [nz] increasing

  std::string full_type() const { return subtype.empty() ? spectype : spectype + ":::" + subtype; }
  int nbasis() const { return static_cast<int>(basis.extent(0)); }
  /// Redshifts closer than this are the same minimum, km/s.
  double velocity_limit_km_s() const { return spectype == "STAR" ? 100 : 1000; }
};

/// Spectra of real or physical objects of one type; one of them, or a few, takes the place of a sum of basis vectors.
struct Archetypes {
  std::string spectype;
  std::vector<std::string> subtypes;  ///< [narchetype]
  std::vector<double> wave;           ///< [nsample] rest frame, vacuum Angstrom, increasing
  Array2<double> flux;                ///< [narchetype][nsample]
};

/// Bits of ZWARN.
namespace zwarn {
inline constexpr int sky = 1 << 0, little_coverage = 1 << 1, small_delta_chi2 = 1 << 2, negative_model = 1 << 3,
                     many_outliers = 1 << 4, z_fitlimit = 1 << 5, negative_emission = 1 << 6, unplugged = 1 << 7,
                     bad_target = 1 << 8, nodata = 1 << 9, bad_minfit = 1 << 10, poordata = 1 << 11;
}  // namespace zwarn

/// One refined minimum of one target and template; after ranking, one row of the results.
struct Zfit {
  int itemplate = 0;  ///< of the list of templates, in scan order
  double z = 0, zerr = 0;
  double chi2 = 0;  ///< of the parabola's vertex, with the [OII] penalty: Redrock's CHI2
  int zwarn = 0;
  int npixels = 0;  ///< pixels with ivar > 0 over all spectra
  FitMethod method = FitMethod::pca;
  std::vector<double> coeff;       ///< [ncoeff]
  std::vector<double> zz, zzchi2;  ///< [npoints] the fine scan
  double model_chi2 = 0;           ///< direct chi^2 of the model that `coeff` makes at `z`
  double null_chi2 = 0;            ///< chi^2 of no model at all
  std::string spectype, subtype;
  int ncoeff = 0;
  int znum = 0;
  double deltachi2 = 0;
  // With archetypes only: the fit that the archetypes replaced, and the polynomial terms.
  std::vector<int> archetypes;   ///< [ncoeff] which ones, the nearest first
  std::vector<double> legcoeff;  ///< [nband][degree] in the fitter's order of bands, or [degree] for all bands
  std::vector<double> pca_coeff;
  std::string pca_spectype, pca_subtype;
};

}  // namespace zspex::kernels
