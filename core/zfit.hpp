/// \file
/// A redshift of a target, with the fit that it comes from.
#pragma once

#include <string>
#include <vector>

namespace zspex {

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

}  // namespace zspex
