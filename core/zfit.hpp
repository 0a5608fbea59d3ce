/// \file
/// A redshift of a target, with the fit that it comes from.
#pragma once

#include <string>
#include <vector>

namespace zspex {

/// How coefficients are fitted: of any sign; none below 0; archetypes in the place of basis vectors; no fit at all.
enum class FitMethod { pca, nmf, archetype, none };

/// As files name it: PCA, NMF, ARCH, NONE.
inline const char* method_name(FitMethod method) {
  switch (method) {
    case FitMethod::pca:
      return "PCA";
    case FitMethod::nmf:
      return "NMF";
    case FitMethod::archetype:
      return "ARCH";
    case FitMethod::none:
      break;
  }
  return "NONE";
}

/// One refined minimum of one target and template; after ranking, one row of the results. chi^2 is that of Bolton et
/// al. 2012, AJ 144, 144, sec. 3: sum of ivar (flux - R T c)^2 over the pixels of all spectra.
struct Zfit {
  int itemplate = 0;  ///< of the list of templates, in scan order
  double z = 0;       ///< of the parabola's vertex, or where that is outside, the fine scan's lowest point
  double zerr = 0;    ///< where the parabola has risen by 1 above its vertex; -1: no parabola
  double chi2 = 0;    ///< at the vertex, with the [OII] penalty: Redrock's CHI2; of archetypes their fit's
  int zwarn = 0;      ///< bits of zwarn (core/mask_bits.hpp); 0 = no warning
  int npixels = 0;    ///< pixels with ivar > 0 over all spectra
  FitMethod method = FitMethod::pca;  ///< of the reported fit
  std::vector<double> coeff;          ///< [ncoeff]
  std::vector<double> zz, zzchi2;     ///< [npoints] the fine scan: redshifts, chi^2 with the penalty
  double model_chi2 = 0;              ///< direct chi^2 of the model that `coeff` makes at `z`, without the penalty
  double null_chi2 = 0;               ///< chi^2 of no model at all: sum of ivar flux^2
  std::string spectype, subtype;      ///< "GALAXY", "QSO", "STAR"; subtype may be empty
  int ncoeff = 0;                     ///< coefficients in use
  int znum = 0;                       ///< set when ranked: 0 is the best row of its target
  double deltachi2 = 0;  ///< set when ranked: chi2 of the next good row at another redshift minus this one's; 0: none
  // With archetypes only: the fit that the archetypes replaced, and the polynomial terms.
  std::vector<int> archetypes;            ///< [ncoeff] which ones, the nearest first
  std::vector<double> legcoeff;           ///< [nband][degree] in the fitter's order of bands, or [degree] for all bands
  std::vector<double> pca_coeff;          ///< coefficients of the basis vectors
  std::string pca_spectype, pca_subtype;  ///< of their template
};

}  // namespace zspex
